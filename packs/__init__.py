"""A run as one archive that somebody else can check: `make` writes it, `verify` reads it."""

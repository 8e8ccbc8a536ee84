"""Rules for texts that steps share."""

"""A stub of the Text API for whole runs."""

from tests.e2e_kit import known, stub  # noqa: F401 - fixtures

"""A stub of the Text API for whole runs."""

from tests.e2e_kit import stub, stub_settings  # noqa: F401 - fixtures

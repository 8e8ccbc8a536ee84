"""What this room raises on purpose. Callers translate; a message is fit to be shown to a user as it is."""

from __future__ import annotations


class NetworkError(ValueError):
    """Options, data or weights that do not fit together, or that cannot be used; the text says what to do."""


class TrainingStopped(Exception):  # it is no error: the caller asked for it
    """The caller asked to stop; the weights are those of an unfinished epoch, the last checkpoint is what counts."""

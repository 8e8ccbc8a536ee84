"""Errors of `networks`; their texts may be shown to a user."""

from __future__ import annotations


class NetworkError(ValueError):
    """Options, data or weights that cannot be used; the text says what to do."""


class TrainingStopped(Exception):
    """The caller stopped the training in an epoch; only the last checkpoint is of use."""

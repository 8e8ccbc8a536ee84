"""A command that is run in the test's own process, without a stack."""

from __future__ import annotations

from collections.abc import Callable

# Arguments of `tidings` in, its status and standard error out.
Run = Callable[..., tuple[int, str]]

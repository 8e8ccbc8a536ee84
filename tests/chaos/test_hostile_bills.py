"""No bill above its cap, whatever a server of language models answers, and says of its answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.settings import Settings
from tests.hostile_kit import find_faults, quick_retries, run_kind
from tests.hostile_model import AT_ONCE_KINDS, BATCH_KINDS

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.usefixtures("quick_retries"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
__all__ = ["quick_retries"]

TWO_MONTHS_KINDS = ("good", "no choices", "billed above the bound", "output short", "failed")

# A slice is killed before and after each.
KILLS = ("intend_batch", "BatchClient.create", "BatchClient.download", "settle_lines")
KILLED_KINDS = ("no choices", "output short", "usage zero")


@pytest.mark.parametrize("name", AT_ONCE_KINDS)
def test_no_answer_at_once_breaks_the_cap(
    stub_settings: Settings, name: str, record_property: Callable[[str, object], None]
) -> None:
    kind = AT_ONCE_KINDS[name]
    outcome = run_kind(stub_settings, kind, is_batch=False, months_of_texts=2)
    record_property("bill", outcome.row(f"at once: {name}"))
    assert not find_faults(outcome, kind), outcome


@pytest.mark.parametrize("name", BATCH_KINDS)
def test_no_answer_of_a_batch_breaks_the_cap(
    stub_settings: Settings, name: str, record_property: Callable[[str, object], None]
) -> None:
    kind = BATCH_KINDS[name]
    outcome = run_kind(stub_settings, kind, is_batch=True)
    record_property("bill", outcome.row(f"batch: {name}"))
    assert not find_faults(outcome, kind), outcome


@pytest.mark.parametrize("name", TWO_MONTHS_KINDS)
def test_no_answer_of_two_batches_breaks_the_cap(
    stub_settings: Settings, name: str, record_property: Callable[[str, object], None]
) -> None:
    kind = BATCH_KINDS[name]
    outcome = run_kind(stub_settings, kind, is_batch=True, months_of_texts=2)
    record_property("bill", outcome.row(f"2 batches: {name}"))
    assert not find_faults(outcome, kind), outcome


@pytest.mark.parametrize("name", BATCH_KINDS)
def test_no_text_of_a_batch_without_a_cap_is_paid_more_than_three_times(
    stub_settings: Settings, name: str, record_property: Callable[[str, object], None]
) -> None:
    kind = BATCH_KINDS[name]
    outcome = run_kind(stub_settings, kind, is_batch=True, cap=None)
    record_property("bill", outcome.row(f"batch, no cap: {name}"))
    assert not find_faults(outcome, kind, cap=None), outcome


@pytest.mark.parametrize("name", KILLED_KINDS)
@pytest.mark.parametrize("moment", KILLS)
def test_no_kill_lets_a_hostile_batch_break_the_cap(
    stub_settings: Settings,
    name: str,
    moment: str,
    record_property: Callable[[str, object], None],
) -> None:
    kind = BATCH_KINDS[name]
    kills = [(moment, "before"), (moment, "after")] * 4
    outcome = run_kind(stub_settings, kind, is_batch=True, kills=iter(kills))
    record_property("bill", outcome.row(f"killed at {moment}: {name}"))
    assert not find_faults(outcome, kind), outcome

"""Runs whose model answers and bills as no server should; `tests/chaos` has all kinds of that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

import workers.model_batches
from core.settings import Settings
from models.tables import Base
from tests.hostile_kit import find_faults, quick_retries, run_kind
from tests.hostile_model import AT_ONCE_KINDS, BASIC, BATCH_KINDS, ESCAPED_KEY, KEY
from tests.jobs_kit import Jobs

__all__ = ["quick_retries"]

pytestmark = [
    pytest.mark.usefixtures("quick_retries"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

# The key as it is and its parts, which no cut and no encoding may leave.
KEY_PARTS = (KEY, KEY[:10], KEY[-10:], BASIC[8:24], ESCAPED_KEY[:24])


@pytest.mark.parametrize(
    "name",
    [
        "503",
        "no usage",
        "usage zero",
        "usage zero for reasoning",
        "reasoning beside",
        "400 of a content filter",
        "400 quoting fields",
    ],
)
def test_no_answer_at_once_breaks_the_cap(stub_settings: Settings, name: str) -> None:
    kind = AT_ONCE_KINDS[name]
    outcome = run_kind(stub_settings, kind, is_batch=False)
    assert not find_faults(outcome, kind), outcome


@pytest.mark.parametrize(
    "name",
    [
        "no choices",
        "usage zero",
        "billed above the bound",
        "output short",
        "503",
        "400 quoting fields",
    ],
)
def test_no_answer_of_a_batch_breaks_the_cap(stub_settings: Settings, name: str) -> None:
    kind = BATCH_KINDS[name]
    outcome = run_kind(stub_settings, kind, is_batch=True)
    assert not find_faults(outcome, kind), outcome


@pytest.mark.parametrize(
    ("name", "together"),
    [("little usage first", 7), ("little usage last", 500), ("429 before an answer", 7)],
)
def test_lines_of_one_id_cost_the_most_that_one_tells(
    stub_settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, together: int
) -> None:
    monkeypatch.setattr(workers.model_batches, "STORED_TOGETHER", together)
    kind = BATCH_KINDS[name]
    outcome = run_kind(stub_settings, kind, is_batch=True)
    assert not find_faults(outcome, kind), outcome
    assert outcome.answered > 0
    assert outcome.told - outcome.bill < outcome.answered


def test_one_text_that_gets_no_completion_is_paid_three_times_at_the_most(
    stub_settings: Settings,
) -> None:
    texts = ["Flood number 7 comes to town."]
    kind = BATCH_KINDS["no choices"]
    outcome = run_kind(stub_settings, kind, is_batch=True, texts=texts, cap=None)
    assert not find_faults(outcome, kind, cap=None), outcome
    assert outcome.coded == 59


@pytest.mark.parametrize(
    ("name", "is_batch"),
    [
        ("failed", True),
        ("output not found", True),
        ("200 with an error", True),
        ("key in names", True),
        ("key in names", False),
        ("key in a refusal", False),
        ("key for Basic", False),
        ("key escaped in names", True),
        ("key escaped in names", False),
        ("key escaped in a refusal", False),
        ("key escaped in an error", True),
        ("key escaped in an error", False),
        ("307", False),
    ],
)
def test_the_key_is_in_no_table_and_no_line_of_the_log(
    stub_settings: Settings,
    name: str,
    is_batch: bool,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    tables: list[str] = []
    kind = (BATCH_KINDS if is_batch else AT_ONCE_KINDS)[name]
    run_kind(stub_settings, kind, is_batch=is_batch, look=_reader_of_tables(tables))
    printed = capfd.readouterr()
    places = [*tables, caplog.text, printed.out, printed.err]
    assert "Flood number 7" in "".join(tables)
    assert not [part for part in KEY_PARTS for place in places if part in place]


def _reader_of_tables(tables: list[str]) -> Callable[[Jobs], None]:
    """Return a function that reads all rows of all tables into *tables*."""

    def read(jobs: Jobs) -> None:
        with jobs.db.read() as connection:
            for table in Base.metadata.sorted_tables:
                rows = connection.execute(select(table)).all()
                tables.append(f"{table.name}: {rows}")

    return read

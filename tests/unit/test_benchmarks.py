"""The harness of the benchmarks, and the page that lists them."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.grains import list_months

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def harness() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        yield importlib.import_module("harness")


def test_contenders_take_turns_and_keep_their_own_samples(harness: ModuleType) -> None:
    numbers = count()
    contenders = {"a": lambda: next(numbers), "b": lambda: next(numbers)}

    assert harness.take_turns(contenders, rounds=3) == {"a": [0, 2, 4], "b": [1, 3, 5]}


def test_rounds_go_on_until_each_contender_has_used_its_seconds(harness: ModuleType) -> None:
    contenders = {"quick": lambda: 0.25, "slow": lambda: 2.0}

    samples = harness.take_turns(contenders, rounds=2, seconds=1.0)

    assert samples == {"quick": [0.25] * 4, "slow": [2.0] * 4}


def test_timed_work_is_measured_by_the_clock(harness: ModuleType) -> None:
    readings = iter([10.0, 12.5])
    done = []

    assert harness.timed(lambda: done.append("work"), lambda: next(readings))() == 2.5
    assert done == ["work"]


def test_a_figure_is_its_median_with_range_floor_and_note(
    harness: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    harness.print_figure("months", [3.0, 2.5, 7.0], "s", floor=1.5, note="696 calls")
    harness.print_figure("client", [12345.6], "calls/s")
    harness.print_figure("client", [999.6], "calls/s", floor=999.4)

    first, second, third = capsys.readouterr().out.splitlines()
    assert " ".join(first.split()) == "months 3 s (2.5 to 7) 2.00 x floor 1.5 696 calls"
    assert " ".join(second.split()) == "client 12,346 calls/s"
    assert " ".join(third.split()) == "client 1,000 calls/s 1.00 x floor 999"


def test_a_figure_as_json_tells_where_it_comes_from(
    harness: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/any/months.py", "--rounds", "3", "--json"])

    harness.print_figure("months", [3.0, 2.5, 7.0], "s", floor=1.5, note="696 calls")
    harness.remark("no figure")

    output = capsys.readouterr()
    figure = json.loads(output.out)
    commit = figure.pop("commit")
    assert re.fullmatch(r"[0-9a-f]{7}\+?|unknown\+?", commit)
    assert re.match(r"\d+ cores, .+, Python 3\.\d+", figure.pop("machine"))
    assert date.fromisoformat(figure.pop("date")) <= datetime.now(UTC).date()
    assert figure == {
        "figure": "months",
        "median": 3.0,
        "min": 2.5,
        "max": 7.0,
        "rounds": 3,
        "unit": "s",
        "floor": 1.5,
        "floor_name": "floor",
        "note": "696 calls",
        "command": "python bench/months.py --rounds 3",
    }
    assert output.err == "no figure\n"


def test_the_commit_of_a_folder_without_git_is_unknown(harness: ModuleType, tmp_path: Path) -> None:
    assert harness.commit_of(tmp_path) == "unknown"


def test_options_have_the_type_of_their_default_and_children_see_this_tree(
    harness: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["months.py", "--documents", "200", "--databases", "sqlite", "--rounds", "2"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")

    options = harness.parse_options(
        "A benchmark.", documents=5000, databases=("sqlite", "postgresql"), rounds=5, seconds=1.5
    )

    assert vars(options) == {
        "json": False,
        "documents": 200,
        "databases": ["sqlite"],
        "rounds": 2,
        "seconds": 1.5,
    }
    assert os.environ["PYTHONPATH"] == f"{BENCH.parent}{os.pathsep}/elsewhere"


def test_the_memory_of_a_new_process_is_its_own(harness: ModuleType) -> None:
    ballast = b"x" * 300_000_000

    usages = harness.run_in_processes(int, ("7",), ("8",))

    assert [usage.result for usage in usages] == [7, 8]
    assert all(5 < usage.peak_mb < len(ballast) / 2e6 for usage in usages)


def test_a_function_that_fails_in_its_process_ends_the_benchmark(harness: ModuleType) -> None:
    with pytest.raises(json.JSONDecodeError):
        harness.run_in_processes(json.loads, ("{",))


@given(
    months=st.integers(1, 14),
    per_month=st.integers(1, 60),
    every=st.integers(1, 70),
    data=st.data(),
)
@settings(max_examples=30)
def test_headlines_are_spread_over_their_months_and_mention_in_turn(
    harness: ModuleType, months: int, per_month: int, every: int, data: st.DataObject
) -> None:
    first = f"{data.draw(st.integers(1990, 2030))}-{data.draw(st.integers(1, 12)):02}"
    rows = list(
        harness.headlines(first, months, per_month, subjects=("Amber", "Basil"), every=every)
    )

    periods = [row["period"] for row in rows]
    expected = list_months(first, "2050-12")[:months]
    assert periods == [period for period in expected for _ in range(per_month)]
    assert len({row["identity"] for row in rows}) == len(rows)
    assert all(f"{row['published_at']:%Y-%m}" == row["period"] for row in rows)

    of_month = [row["text"].split()[0] for row in rows[:per_month]]
    for number, word in enumerate(of_month):
        mention, is_ordinary = divmod(number, every)
        assert (word in {"Amber", "Basil"}) == (not is_ordinary)
        assert is_ordinary or word == ("Amber", "Basil")[mention % 2]


def test_the_page_names_every_benchmark_with_options_that_it_has() -> None:
    page = (BENCH / "README.md").read_text(encoding="utf-8")
    here = page.partition("## Earlier figures")[0]
    commands = dict(re.findall(r"`python bench/(\w+\.py)([^`]*)`", here))
    benchmarks = {
        path.name for path in BENCH.glob("*.py") if "harness.parse_options(" in path.read_text()
    }

    assert set(commands) == benchmarks
    for name, options in commands.items():
        usage = (BENCH / name).read_text(encoding="utf-8").partition('"""\n\nfrom')[0]
        assert set(re.findall(r"--\w+", options)) <= set(re.findall(r"--\w+", usage)), name

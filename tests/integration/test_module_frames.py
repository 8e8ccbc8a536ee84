"""The module `tidings`: frames in and out, rows that are looked for, and runs that are awaited."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pandas as pd
import polars as pl
import psutil
import pyarrow as pa
import pytest

import tidings
from core.enums import State
from tests import report_stories as stories
from tests.report_stories import Text
from tidings.completion import list_texts
from tidings.tables import to_periods
from tidings.waiting import Waiting

SUBJECTS = ("Covid", "A Storm in Mr. Holloway’s Town", "=The Circus")
TEXTS = [
    Text(f"2020-{month:02}-{day:02}", f"{subject} Number {day} Comes in Month {month}.")
    for month in (3, 4)
    for day in range(1, 8)
    for subject in SUBJECTS
]
CODEBOOK: dict[str, Any] = {
    "name": "weather",
    "unit": "document",
    "variables": [
        {"name": "about", "question": "Is it about the weather?", "type": "yes-no"},
        {
            "name": "kinds",
            "question": "Which?",
            "type": "categories",
            "categories": {"wind": "", "rain": ""},
        },
    ],
}
FORMS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "arrow": pa.Table.from_pandas,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run that is done and one that failed."""
    folder = tmp_path_factory.mktemp("home")
    with closing(stories.database(folder)) as db:
        stories.store(db, TEXTS)
        stories.months_run(db, "2020-03", "2020-04", ["covid", "storm"], name="Town")
        stories.months_run(
            db, "2020-03", "2020-04", ["circus"], failed=["2020-04"], state=State.FAILED
        )

    return folder


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[tidings.Home]:
    with tidings.open(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def run(home: tidings.Home) -> tidings.Run:
    return home.run(1)


@pytest.fixture(scope="module")
def report(run: tidings.Run, tmp_path_factory: pytest.TempPathFactory) -> tidings.Report:
    return run.report(out=tmp_path_factory.mktemp("report"))


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Iterator[tidings.Home]:
    """A home of its own, which a test may change."""
    shutil.copytree(folder, tmp_path / "home")
    with tidings.open(tmp_path / "home") as opened:
        yield opened


def test_a_frame_is_read_as_its_file_is_in_each_form(tmp_path: Path) -> None:
    stories.database(tmp_path).close()
    frame = pd.DataFrame(
        {
            "headline": ["Café “Sol”, open", "=1+1 is\ntwo", None],
            "date": pd.to_datetime(["2021-03-02T04:30:00Z", "2021-03-02T12:00:00Z", None]),
            "id": [7.0, 8.0, float("nan")],
            "tags": [["a", "b"], [], None],
            "section": pd.Categorical(["News", "News", None]),
        }
    )
    frame["date"] = frame["date"].dt.tz_convert("America/New_York")
    with tidings.open(tmp_path) as home:
        for form, make in FORMS.items():
            counts = home.read(make(frame), outlet="Paper")
            assert (counts["added"], counts["known"]) == ((2, 0) if form == "pandas" else (0, 2))
            assert (counts["read"], counts["empty"], counts["empty_times"]) == (2, 1, 0)

        file = Path("paper.csv").resolve()
        file.write_text(
            "headline,date,id,section\n"
            '"Café “Sol”, open",2021-03-02T04:30:00Z,7,News\n'
            '"=1+1 is\ntwo",2021-03-02T12:00:00Z,8,News\n'
        )
        assert home.read(file, outlet="Paper")["known"] == 2
        plan = home.months("2021-03", keywords="open", source="archive", steps="keywords")
        documents = plan.submit().documents(form="arrow").to_pylist()
        assert home.stored()["names"]["section"] == [{"name": "News", "documents": 2}]

    times = {row["text"]: f"{row['published_at']:%dT%H:%M}" for row in documents}
    assert times == {"Café “Sol”, open": "02T04:30", "=1+1 is\ntwo": "02T12:00"}


def test_a_frame_that_cannot_be_read_is_named_and_one_for_another_machine_is_refused(
    home: tidings.Home,
) -> None:
    with pytest.raises(tidings.CommandError, match=r"^table.csv: no column is recognized"):
        home.read(pa.table({"number": [1]}))

    elsewhere = tidings.open(command="ssh host tidings")
    with pytest.raises(tidings.TidingsError, match="runs on another one: give it a file there"):
        elsewhere.read(pa.table({"text": ["a"]}))


@pytest.mark.parametrize("form", FORMS)
def test_a_sample_is_coded_as_a_frame_and_comes_back_with_booleans(
    copy: tidings.Home, form: Any
) -> None:
    run = copy.run(1)
    sample = run.sample(CODEBOOK, n=12, form="pandas")
    assert str(sample["about"].dtype) == "boolean"
    assert any(text.startswith("=The Circus") for text in sample["text"])
    sample["about"] = sample["text"].str.contains("Storm")
    sample["kinds"] = [["wind", "rain"] if about else [] for about in sample["about"]]
    assert run.code(CODEBOOK, FORMS[form](sample), coder="Ann") == f"Ann: {len(sample)} texts"

    codes = run.table("codes", form="pandas").query("coder == 'person:Ann'")
    about = codes[codes["variable"] == "about"].set_index("document")["code"]
    expected = sample.set_index("document")["about"].map({True: "yes", False: "no"})
    assert about.sort_index().to_dict() == expected.sort_index().to_dict()
    again = run.sample(CODEBOOK, n=12, coder="Ann", form=form)
    coded = again if form == "pandas" else again.to_pandas()
    assert coded["about"].tolist() == sample["about"].tolist()
    assert set(coded["kinds"]) == {"wind|rain", "none"}


def test_a_function_codes_the_sample_under_its_name(copy: tidings.Home) -> None:
    run = copy.run(1)

    def carl(text: str) -> dict[str, object]:
        return {"about": "Storm" in text, "kinds": ["wind"] if "Storm" in text else None}

    assert run.code(CODEBOOK, carl, n=12).startswith("carl: ")
    assert run.code("relevance", lambda text: None if "Town" in text else True, coder="Eve", n=6)
    codes = run.table("codes").to_pylist()
    stored = {(row["coder"], row["variable"], row["code"]) for row in codes}
    assert stored == {
        ("person:carl", "about", "yes"),
        ("person:carl", "about", "no"),
        ("person:carl", "kinds", "wind"),
        ("person:Eve", "relevant", "yes"),
    }


def test_mentions_are_labelled_as_a_frame(copy: tidings.Home) -> None:
    run = copy.run(1)
    sample = run.sample(n=2)
    sample["label"] = -1.0
    assert run.label(sample, coder="Ann") == f"Ann: {len(sample)} texts"
    assert {row["label"] for row in run.table("labels").to_pylist()} == {-1}


def test_documents_are_those_of_a_keyword_a_period_and_a_section(run: tidings.Run) -> None:
    documents = run.documents("covid", period="2020-03")
    assert [text[:14] for text in documents["text"]] == [
        f"Covid Number {day}" for day in range(1, 8)
    ]
    assert {*documents} > {"outlet", "section", "kind", "desk", "tags", "period"}
    assert run.documents().shape[0] == len(TEXTS)
    assert run.documents(period="2020-W10")["period"].astype(str).unique().tolist() == ["2020-03"]
    assert len(run.documents(period="2020-03-07..2020-04-01", form="polars")) == 2 * len(SUBJECTS)
    week = pd.Period("2020-03-02", freq="W-SUN")
    assert len(run.documents("storm", period=f"{week}")) == 6


def test_sentences_are_those_that_hold_a_name_each_once(run: tidings.Run) -> None:
    assert len(run.sentences(name="Holloway")) == 14
    assert len(run.sentences("covid", form="arrow")) == 14
    assert "term" not in run.sentences("storm")


def test_shares_have_periods_as_rows_and_keywords_as_columns(run: tidings.Run) -> None:
    shares = run.shares()
    rows = [row for row in run.table("periods").to_pylist() if row["term"] is None]
    assert shares.index.tolist() == [pd.Period("2020-03"), pd.Period("2020-04")]
    for row in rows:
        period = pd.Period(row["period"])
        assert shares["share"][row["keyword"]][period] == row["share"]
        assert shares["low"][row["keyword"]][period] == row["share_low"]
        assert shares["n"][row["keyword"]][period] == row["documents"]

    assert shares["share"].dtypes.unique().tolist() == [float]
    grouped = run.shares(by="week", group="section")
    assert grouped.index.names == ["section", "period"]
    assert grouped["matched"]["storm"].sum() == 14


@pytest.mark.parametrize(
    ("look_for", "sentence"),
    [
        (lambda run: run.documents("covidd"), "no keyword 'covidd': did you mean covid?"),
        (lambda run: run.documents(section="X"), "the run has no section 'X': it is one of"),
        (lambda run: run.documents(period="May"), "May is no period: write 2020, 2020-03"),
        (lambda run: run.table("period"), "no table 'period': choose one of periods, "),
        (lambda run: run.tabel, "object has no attribute 'tabel'"),
        (lambda run: run.shares(groups="section"), "unexpected keyword argument 'groups'"),
        (lambda run: run.export(tabel="x"), r"no parameter tabel: did you mean table"),
        (lambda run: run.code({"name": "x"}, pa.table({})), "the codebook, line 1: unit is miss"),
    ],
)
def test_a_wrong_name_is_answered_by_what_was_meant(
    run: tidings.Run, look_for: Callable[[tidings.Run], Any], sentence: str
) -> None:
    with pytest.raises((tidings.TidingsError, AttributeError, TypeError), match=sentence) as error:
        look_for(run)

    if isinstance(error.value, tidings.TidingsError):
        (shown,) = error.value._render_traceback_()
        assert shown == f"{type(error.value).__name__}: {error.value}"
        assert shown.count(",") <= 10


def test_a_frame_of_pandas_has_periods_and_numbers_that_may_be_missing(run: tidings.Run) -> None:
    periods = run.table("periods", form="pandas")
    kinds = {column: str(kind) for column, kind in periods.dtypes.items()}
    assert kinds["period"] == "period[M]"
    assert kinds["keyword"] == "category"
    assert (kinds["documents"], kinds["cut_off"]) == ("int64", "bool")
    assert str(run.table("calls", form="pandas")["maybe_twice"].dtype) in {"int64", "Int64"}
    assert run.table("periods", form="polars").equals(pl.from_arrow(run.table("periods")))
    assert [f"{period}" for period in to_periods(["2020-W10", None])] == [
        "2020-03-02/2020-03-08",
        "NaT",
    ]


def test_what_a_figure_shows_is_in_the_export_and_leads_to_its_documents(
    run: tidings.Run, report: tidings.Report
) -> None:
    assert report._ipython_key_completions_() == report.figures
    marks = report["shares"].data
    shares = run.shares()
    assert len(marks) == 4
    for mark in marks.itertuples():
        assert mark.value == shares["share"][mark.subject][pd.Period(mark.period)]
        assert mark.n == len(run.documents(mark.subject, period=mark.period))


def test_a_report_in_a_cell_opens_its_links_and_nothing_else(report: tidings.Report) -> None:
    shown = report._repr_html_()
    address = shown.partition("<a href='")[2].partition("'")[0]
    folder = address.removesuffix("index.html")
    assert f"href=&quot;{folder}documents.html#subject=covid" in shown
    assert "href=&quot;#" in shown
    with urlopen(address) as answer:  # noqa: S310 - loopback
        assert answer.read() == report.page.read_bytes()

    root = folder.rstrip("/").rpartition("/")[0]
    for path in (f"{root}/", f"{root}/index.html", folder, f"{folder}../../etc/passwd"):
        with pytest.raises(HTTPError, match="404") as error:
            urlopen(path)  # noqa: S310 - loopback

        error.value.close()


@pytest.mark.thorough
def test_home_and_run_are_shown_with_state_calls_and_report(copy: tidings.Home) -> None:
    run = copy.run(1)
    assert "report</a>" not in run._repr_html_()
    run.report()
    assert ">done, 2 done <a href='http://127.0.0.1:" in run._repr_html_()
    shown = copy._repr_html_()
    assert ">Town, done <a href='" in shown
    assert ">failed</td>" in shown


def test_several_runs_are_waited_for_under_one_bar(
    home: tidings.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    tidings.wait(home.run(1), report=False)
    with pytest.raises(tidings.RunFailed, match=r"^run 2 is failed, 1 done, 1 failed"):
        tidings.wait(home.run(1), home.run(2))

    assert capsys.readouterr().err.count("tidings:") == 0


def test_a_run_is_awaited_and_the_waiting_ends_with_the_task(copy: tidings.Home) -> None:
    async def wait_for_both() -> list[tidings.Run]:
        return await asyncio.gather(*(awaited(copy.run(1)) for _ in range(2)))

    async def awaited(run: tidings.Run) -> tidings.Run:
        return await run

    assert [run.number for run in asyncio.run(wait_for_both())] == [1, 1]
    queued = copy.months("2020-03", keywords="storm").submit()

    async def give_up() -> None:
        async with asyncio.timeout(0.5):
            await awaited(queued)

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())

    me = psutil.Process()
    watching = [child for child in me.children() if "--watch" in child.cmdline()]
    assert psutil.wait_procs(watching, timeout=10)[1] == []
    assert queued.status()["state"] == State.QUEUED


def test_answers_are_waited_for_without_the_report() -> None:
    waiting = Waiting([], report=False)
    assert waiting._has_ended({"state": "done"})
    assert not waiting._has_ended({"state": "waiting"})
    assert not Waiting([], report=True)._has_ended({"state": "done"})


def test_a_remark_of_a_plan_that_was_shown_is_not_repeated(
    copy: tidings.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = copy.months("2020-02..2020-03", keywords="covid", max_calls=5)
    (remark,) = [remark for remark in plan.remarks if "no Text API is known" in remark]
    assert remark in repr(plan)
    assert capsys.readouterr().err == ""
    plan.submit()
    assert "planned as if" not in capsys.readouterr().err


def test_a_run_is_cited_and_deleted(copy: tidings.Home) -> None:
    entry = copy.run(1).cite(["Doe, Jane", "Roe, Ann"])
    assert entry.startswith("@misc{tidings-run-1,\n  author = {Doe, Jane and Roe, Ann},\n")
    assert "  title = {Town},\n" in entry
    copy.run(1).delete()
    with pytest.raises(tidings.CommandError, match=r"^there is no run 1"):
        copy.run(1)


def test_tab_completes_the_texts_that_an_argument_takes() -> None:
    assert list_texts("table", None)[:2] == ["mentions", "periods"]
    assert list_texts("shares", "by") == ["day", "week", "month", "year"]
    assert list_texts("months", "text") == ["headline", "abstract", "both"]
    assert list_texts("wait", None) == list_texts("nothing", None) == []
    assert set(dir(tidings)) == set(tidings.__all__)

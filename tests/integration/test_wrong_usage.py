"""Wrong usage and known errors: one line, the status of the contract, and nothing is queued."""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from cli import context
from core.settings import environment, load
from models.database import Database
from models.tables import Document, Job
from models.tables import Run as RunRow
from sources.registry import SOURCES, archives, post_sources
from tests.command_kit import Run
from tests.e2e_kit import write_archive

ALL_SOURCES = ", ".join(source.name for source in SOURCES)
ARCHIVES = ", ".join(source.name for source in archives())
POST_SOURCES = ", ".join(source.name for source in post_sources())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("plan", "months", "9999-11..9999-12", "--keyword", "x"),
            "9999-11..9999-12 is no range of months",
        ),
        (
            ("submit", "months", "0000-01..0000-02", "--keyword", "x"),
            "0000-01..0000-02 is no range of months",
        ),
        (
            ("submit", "months", "2020-01..2020-13", "--keyword", "x"),
            "2020-01..2020-13 is no range of months",
        ),
        (("submit", "search", "", " "), "no term was given"),
        (("submit", "search", "a\udcff"), "a\\udcff is no UTF-8"),
        (("submit", "handles", "a\udcff"), "a\\udcff is no UTF-8"),
        (("submit", "months", "2020-01..2020-02", "--keyword", "a\udcff"), "a\\udcff is no UTF-8"),
        (("submit", "handles", "ann", "--name", "a\udcff"), "a\\udcff is no UTF-8"),
        (
            ("submit", "handles", "ann", "--source", "foo"),
            f"--source foo: it is one of {POST_SOURCES}",
        ),
        (
            ("plan", "search", "ann", "--source", "nyt"),
            f"--source nyt: it is one of {POST_SOURCES}",
        ),
        (
            ("plan", "months", "2020-01..2020-02", "--keyword", "a", "--source", "x"),
            f"--source x: it is one of {ARCHIVES}",
        ),
        (
            ("submit", "months", "2020-01..2020-02", "--keyword", "a", "--material", "a\udcff"),
            "a\\udcff is no UTF-8",
        ),
        (("plan", "search", "ann", "--without", "a\udcff"), "a\\udcff is no UTF-8"),
        (("submit", "search", "ann", "--without", "a" * 501), "--without: String should have at"),
        (
            ("import", ".", "--column", "foo=a"),
            "'foo' is no field that a column can hold: use one of text, published_at",
        ),
        (
            ("import", ".", "--source", "foo"),
            f"'foo' is no source: use one of {ALL_SOURCES}",
        ),
        (("migrate", "nosuch"), "'nosuch' is no revision of the tables"),
        (
            ("submit", "months", "2020-03", "--keyword", "covid,coronavirus"),
            "--keyword: 'covid,coronavirus' has a comma in its name: write covid:coronavirus",
        ),
        (
            ("plan", "months", "2020-03", "--keyword", "co*vid"),
            "--keyword: 'co*vid' has a star that is not at a word's end",
        ),
        (
            ("submit", "months", "2020-03", "--keyword", "(covid OR flu"),
            "--keyword: a bracket is never closed: write ) behind it",
        ),
        (("submit", "months", "2020-03"), "no subject was given: write --keyword NAME[:TERM,TERM]"),
        (
            ("plan", "months", "2020-03", "--keywords-file", "none.txt"),
            "--keywords-file none.txt cannot be read (No such file or directory)",
        ),
        (
            (
                "plan",
                "months",
                "2020-03",
                "--keyword",
                ",".join(map(str, range(1001))).replace(",", ":", 1),
            ),
            "--keyword: 1,001 terms of 2,894 characters are more than the Text API takes",
        ),
        (
            ("submit", "months", "2020-03", "--keyword", "!!!"),
            "--keyword: '!!!' has no letter or digit",
        ),
        (
            ("submit", "months", "2020-03", "--keyword", "covid", "--keyword", "COVID:sars"),
            "--keyword: COVID was given twice, case is ignored",
        ),
        (
            ("submit", "months", "2020-03", "--keyword", "covid", "--keyword", "(flu OR cold"),
            "--keyword (flu OR cold: a bracket is never closed",
        ),
        (("submit", "handles", "Barack Obama"), "Barack Obama is no handle, it holds a space"),
        (("submit", "handles", "a\x1b[31m"), "a\\x1b[31m is no handle"),
        (
            ("submit", "handles", "https://example.org/a"),
            "https://example.org/a is no profile of a service known here",
        ),
        (("import", "a\udcff.csv"), "there is no a\\udcff.csv"),
        (("submit", "handles", "ann", "--max-calls", "9" * 20), "Invalid value for '--max-calls'"),
        (("costs", "--cap", "much"), "Invalid value for '--cap': 'much' is no amount of money"),
        (
            ("submit", "handles", "ann", "--limit", "9" * 20),
            "--limit: Input should be less than or equal to 2147483647",
        ),
        (("submit", "handles", "ann", "--keywrd", "x"), "No such option: --keywrd"),
        (("submit", "months"), "Missing argument 'FROM..TO'"),
        (
            ("submit", "months", "2020-03", "--keyword", "a", "--by", "fortnight"),
            "--by fortnight: it is one of day, week, month, year",
        ),
        (("report", "1", "--by", "Week"), "--by Week: it is one of day, week, month, year"),
        (("stauts",), "No such command 'stauts'"),
        (("status", "abc"), "abc is no run's number: `tidings runs` lists them"),
        (("export", "periods", "1"), "periods is no run's number: `tidings runs` lists them"),
        (("report", "1", "x"), "x is no run's number: `tidings runs` lists them"),
        (
            ("submit", "months", "2020-04..2020-03", "--keyword", "covid"),
            "2020-04 is after 2020-03: write 2020-03..2020-04",
        ),
        (
            ("submit", "months", "2020-03", "--keyword", "covid", "--steps", "polarity"),
            "--steps: polarity needs keywords: write keywords,polarity",
        ),
        (("submit", "handles", "ann", "--steps", " ,"), "--steps names no step: choose of"),
        (("report", "5", "5"), "run 5 is named twice"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    status, error = run(*arguments)
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith(f"tidings: {message}")


def test_a_run_that_has_ended_cannot_be_paused_resumed_or_retried(run: Run) -> None:
    assert run("submit", "months", "2020-01..2020-01", "--keyword", "x")[0] == 0
    for _ in range(2):
        assert run("cancel", "1") == (0, "run 1 is cancelled\n")

    for command in ("pause", "resume", "retry"):
        assert run(command, "1") == (
            1,
            "tidings: run 1 has ended, it is cancelled: submit it again\n",
        )


@pytest.mark.parametrize("command", ["submit", "plan"])
def test_a_broken_mask_is_reported_before_anything_is_queued(
    run: Run, tmp_path: Path, command: str
) -> None:
    (tmp_path / "mask.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    status, error = run(command, "months", "2020-01", "--keyword", "x", "--mask", "mask.png")
    assert (status, error) == (
        1,
        "tidings: --mask mask.png is a broken PNG, or one of too many points: give another\n",
    )


def test_an_invalid_limit_is_reported_at_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_TEXTAPI_LIMITS", "many")
    status, error = run("up")
    assert (status, error.count("\n")) == (1, 1)
    assert error.startswith(
        "tidings: a setting makes no sense: TIDINGS_TEXTAPI_LIMITS: 'many' is no limit"
    )


def test_a_term_with_the_end_of_a_sentence_gets_a_warning(run: Run) -> None:
    status, error = run("submit", "months", "2020-01..2020-01", "--keyword", "Yahoo! Finance")
    assert status == 0
    assert error.startswith(
        "tidings: 'Yahoo! Finance' holds the end of a sentence, and is looked for within one\n"
    )


def test_an_unreadable_file_does_not_keep_others_from_being_imported(
    run: Run, tmp_path: Path
) -> None:
    for name in ("a.json", "z.json"):
        (tmp_path / name).write_text("no JSON at all")

    (tmp_path / "m.csv").write_text("text,handle,published_at\nHello,ann,2020-01-01\n")
    status, error = run("import", "a.json", "m.csv", "z.json")
    assert status == 3
    assert [line.split(": ")[2] for line in error.splitlines()] == ["a.json", "z.json"]
    status, error = run("import", "a.json")
    assert (status, error.count("\n")) == (1, 1)


@pytest.mark.parametrize("state", ["done", "failed"])
def test_cancelling_an_ended_run_does_not_advise_to_submit_it_again(run: Run, state: str) -> None:
    assert run("submit", "months", "2020-03", "--keyword", "x")[0] == 0
    set_state(state)
    message = f"tidings: run 1 has ended, it is {state}: there is nothing left to cancel\n"
    assert run("cancel", "1") == (1, message)


def set_state(state: str) -> None:
    db = Database(load().database)
    with db.write() as connection:
        connection.execute(update(RunRow).values(state=state))
    db.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "9" * 20),
        ("report", "1", "9" * 20),
        ("cancel", "--", "-" + "9" * 20),
        ("forget", "9" * 20),
        ("submit", "training", "recurrent", "--data", "9" * 20 + ":polarity"),
    ],
)
def test_a_number_beyond_all_columns_is_no_run(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("submit", "months", "2020-03", "--keyword", "x")[0] == 0
    status, error = run(*arguments)
    assert (status, error.count("\n")) == (1, 1)
    assert f"{'9' * 20}: `tidings runs` lists them" in error


@pytest.mark.parametrize("command", ["up", "import p.csv", "submit handles a", "runs"])
@pytest.mark.parametrize("home", ["file", "file/home", "/proc/nothing"])
def test_a_home_that_cannot_be_made_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, home: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "p.csv").write_text("text,handle\nHello,ann\n")
    monkeypatch.setenv("TIDINGS_HOME", home)
    status, error = run(*command.split())
    assert (status, error.count("\n")) == (1, 1)
    assert home in error or "has no database" in error


@pytest.mark.parametrize("command", ["runs", "import p.csv", "submit handles a"])
def test_a_database_that_is_none_is_one_line(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "p.csv").write_text("text,handle\nHello,ann\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tidings.db").write_text("no database at all " * 99)
    status, error = run(*command.split())
    assert (status, error.count("\n")) == (1, 1)
    assert "tidings.db is no database of Tidings, or damaged (file is not a database)" in error


def test_what_is_left_out_of_figures_is_kept_with_the_run(run: Run) -> None:
    options = ("--distinct", "--without", "Your Letter.", "--without", "Corrections")
    assert run("submit", "handles", "ann", *options)[0] == 0
    assert run("submit", "handles", "ann")[0] == 0
    with context.open_database().read() as connection:
        stored = connection.scalars(select(RunRow.parameters).order_by(RunRow.id)).all()

    left_out = [(values["distinct"], values["without"]) for values in stored]
    assert left_out == [(True, ["Your Letter.", "Corrections"]), (False, [])]


def test_one_month_may_be_written_alone(run: Run) -> None:
    assert run("submit", "months", "2020-03", "--keyword", "x")[0] == 0
    assert job_names() == ["2020-03"]


def test_handles_are_told_apart_by_commas_and_a_profile_is_its_handle(run: Run) -> None:
    assert (
        run("submit", "handles", "a,@b", "https://x.com/NASA", "https://home.example/@Ann")[0] == 0
    )
    assert job_names() == ["@a", "@b", "@nasa", "@ann@home.example"]


def test_a_handle_with_a_space_that_an_import_brought_is_taken(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("text,handle\nHello,Barack Obama\n")
    assert run("import", "p.csv")[0] == 0
    assert run("submit", "handles", "Barack Obama")[0] == 0
    assert job_names() == ["@barack obama"]


def job_names() -> list[str]:
    db = Database(load().database)
    with db.read() as connection:
        names = [job.name for job in connection.execute(Job.__table__.select().order_by(Job.id))]

    db.close()
    return names


def test_a_material_is_known_in_any_case_and_an_unknown_one_names_those_there_are(
    run: Run, tmp_path: Path
) -> None:
    write_archive(tmp_path, {"2020-03-01": ["Covid Is Here", "Nothing"]})
    assert run("import", "archive.json.gz")[0] == 0
    assert run("submit", "months", "2020-03", "--keyword", "x", "--material", "nEWS")[0] == 0
    assert parameters()["material"] == "News"
    status, error = run("plan", "months", "2020-03", "--keyword", "x", "--material", "Nwes")
    assert status == 2
    assert error.endswith("tidings: --material Nwes: no stored document is of it; there are News\n")


def parameters() -> dict[str, Any]:
    db = Database(load().database)
    with db.read() as connection:
        (row,) = connection.exec_driver_sql("SELECT parameters FROM runs").all()

    db.close()
    loaded: dict[str, Any] = json.loads(row[0])
    return loaded


def test_the_ending_of_the_file_decides_on_the_format(run: Run, tmp_path: Path) -> None:
    assert run("submit", "months", "2020-03", "--keyword", "x")[0] == 0
    for name in ("m.csv", "m.parquet", "m.jsonl", "m"):
        assert run("export", "1", "coverage", "--out", name)[0] == 0

    assert (tmp_path / "m.csv").read_bytes().startswith(b"\xef\xbb\xbfrun,job,step")
    assert (tmp_path / "m.parquet").read_bytes().startswith(b"PAR1")
    assert (tmp_path / "m").read_bytes().startswith(b'{"run": 1, "job": "2020-03", ')
    assert (tmp_path / "m.jsonl").read_bytes() == (tmp_path / "m").read_bytes()
    assert run("export", "1", "coverage", "--format", "csv", "--out", "m.jsonl")[0] == 0
    assert (tmp_path / "m.jsonl").read_bytes() == (tmp_path / "m.csv").read_bytes()


def test_a_folder_is_no_file_to_write_to(run: Run, tmp_path: Path) -> None:
    assert run("submit", "months", "2020-03", "--keyword", "x")[0] == 0
    (tmp_path / "m.csv").mkdir()
    for name in (".", "..", "m.csv", str(tmp_path)):
        status, error = run("export", "1", "coverage", "--format", "csv", "--out", name)
        assert (status, error) == (2, f"tidings: {name} is a folder: name a file in it\n")


def test_an_ending_that_is_no_format_is_refused_unless_the_format_is_named(
    run: Run, tmp_path: Path
) -> None:
    assert run("submit", "months", "2020-03", "--keyword", "x")[0] == 0
    for name in ("m.csv.gz", "m.npz", "m.txt"):
        status, error = run("export", "1", "coverage", "--out", name)
        assert status == 2
        assert error == (
            f"tidings: --out {name}: no format is called {name.rpartition('.')[2]}: end the file "
            "in .jsonl, .csv, .parquet, or name one of them with --format\n"
        )
        assert not (tmp_path / name).exists()

    assert run("export", "1", "coverage", "--out", "m.txt", "--format", "csv")[0] == 0
    assert (tmp_path / "m.txt").read_bytes().startswith(b"\xef\xbb\xbfrun,job,step")
    assert "no format" not in run("export", "1", "weights", "--out", "w.npz")[1]


def test_accounts_of_standard_input_may_begin_with_a_byte_order_mark(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufeff@ann\n\n bob \n"))
    assert run("submit", "handles", "-")[0] == 0
    assert job_names() == ["@ann", "@bob"]


def test_a_closed_standard_input_is_wrong_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert run("submit", "handles", "-") == (
        2,
        "tidings: standard input is closed: give the accounts as arguments\n",
    )


def test_an_import_names_twenty_remarks_and_counts_the_others(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "p.csv").write_text("text,handle,date\nHello,ann,2020-01-01\n")
    for number in range(23):
        (folder / f"{number}.txt").touch()

    status, error = run("import", "files")
    assert (status, error.count("it is left alone")) == (0, 20)
    assert "tidings: and 3 more remarks on files\n" in error


@pytest.mark.parametrize("handle", ["", " ", "@"])
def test_an_import_refuses_a_handle_that_names_no_account(
    run: Run, tmp_path: Path, handle: str
) -> None:
    (tmp_path / "p.csv").write_text("text,date\nHello,2020-01-01\n")
    assert run("import", "p.csv", "--handle", handle) == (
        2,
        "tidings: --handle names no account: write its name, as @nasa\n",
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--outlet", " "), "--outlet names no outlet: write its name, as 'The Guardian', in up"),
        (("--outlet", "a" * 201), "--outlet names no outlet"),
        (("--outlet", "a", "--handle", "b"), "--outlet is of headlines and --handle of posts"),
        (
            ("--outlet", "a", "--source", "posts"),
            "--outlet is of headlines, and posts has posts: use --source nyt or archive",
        ),
    ],
)
def test_an_import_refuses_an_outlet_that_is_none_or_of_posts(
    run: Run, tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    (tmp_path / "p.csv").write_text("text,date\nHello,2020-01-01\n")
    status, error = run("import", "p.csv", *options)
    assert (status, error.count("\n")) == (2, 1)
    assert error.startswith(f"tidings: {reason}")


def test_headlines_are_imported_by_outlet_and_one_that_is_not_known_is_remarked(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "p.csv").write_text("title,date\nEbb,2020-01-01\nFlow,2020-01-02\n")
    status, error = run("import", "p.csv", "--source", "archive")
    assert (status, error.count("\n")) == (0, 1)
    assert "p.csv: nothing says which outlet published these" in error
    assert run("import", "p.csv", "--outlet", "The Tides") == (0, "")
    assert stored_documents() == [("archive", "Ebb."), ("archive", "Flow.")]


def stored_documents() -> list[tuple[str, str]]:
    with closing(Database(load().database)) as db, db.read() as connection:
        rows = connection.execute(select(Document.source, Document.text).order_by(Document.text))
        return [(row.source, row.text) for row in rows]


def test_a_misspelt_setting_stops_every_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_TEXTAPI_LIMIT", "5/s")
    status, error = run("runs")
    assert (status, error.count("\n")) == (1, 1)
    assert "did you mean TIDINGS_TEXTAPI_LIMITS?" in error


def test_the_demo_has_a_home_and_a_database_of_its_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("cli.demo.run_demo", lambda settings, _out: seen.append(settings) or 0)
    monkeypatch.setenv("TIDINGS_DATABASE_URL", f"sqlite:///{tmp_path / 'real.db'}")
    monkeypatch.setenv("TIDINGS_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TIDINGS_REPORTS_DIR", "out")
    Path(".env").write_text("TIDINGS_NYT_KEY=not-for-demo\nTIDINGS_TEXTAPI_LIMITS=1/s\n")
    for name in ("X_BEARER", "TEXTAPI_KEY", "TEXTAPI_KEYS"):
        monkeypatch.setenv(f"TIDINGS_{name}", "not-for-demo")

    for name in ("TEXTAPI", "MASTODON", "BLUESKY", "X", "NYT"):
        monkeypatch.setenv(f"TIDINGS_{name}_URL", "http://not-for-demo.example")

    monkeypatch.setenv("TIDINGS_X_LIMITS", "1/d")
    assert run("demo", "--out", "report")[0] == 0
    (settings,) = seen
    own = tmp_path / "report" / ".tidings"
    assert settings.home.resolve() == own
    assert settings.database == f"sqlite:///{own / 'tidings.db'}"
    assert (settings.redis_url, settings.reports.resolve()) == (None, own / "reports")
    assert not [source.name for source in SOURCES if source.key(settings)]
    assert (settings.textapi_url, settings.textapi_key, settings.textapi_keys) == (None, None, ())
    assert (settings.textapi_limits, settings.x_limits) == ("", "450/15min")
    assert "not-for-demo" not in " ".join(environment(settings).values())
    (tmp_path / "file").touch()
    assert run("demo", "--out", "file") == (
        1,
        "tidings: --out file cannot be made (File exists): choose another folder\n",
    )

"""The module `tidings`: results as tables and pictures, errors as exceptions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from urllib.request import urlopen
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZipFile

import psutil
import pyarrow as pa
import pytest

import tidings
from core.enums import QUEUE_TEXT, State
from core.process_identity import own_process_name
from core.settings import Settings
from models.database import Database
from models.jobs import record_worker
from tests import report_stories as stories
from tests.command_kit import python_script, run_command
from tests.e2e_kit import Stub
from tests.exports_kit import exported
from tests.jobs_kit import Jobs
from tests.packs_kit import months, pack, store_headlines
from tests.report_stories import Text
from tests.services import wait_until
from tests.warm_python import executed_processes
from tidings import displays, waiting
from tidings.displays import describe_figures
from tidings.home import StoredSummary

ROOT = Path(__file__).parents[2]
TEXTS = [
    Text(f"2020-{month:02}-{day:02}", f"{subject} Number {day} Comes to Town in Month {month}.")
    for month in (3, 4)
    for day in range(1, 8)
    for subject in ("Covid", "A Storm", "The Circus")
]


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
    """That home, with one server of commands."""
    with tidings.open(folder) as opened:
        yield opened


@pytest.fixture
def run(home: tidings.Home) -> tidings.Run:
    return home.run(1)


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_command(*words, variables={"TIDINGS_HOME": str(folder)})


@pytest.mark.parametrize("by", [None, "week"])
def test_a_table_has_the_rows_of_the_export_and_plain_columns(
    folder: Path, run: tidings.Run, by: str | None
) -> None:
    table = run.table("periods", by=by)
    words = ["export", "1", "periods", *(["--by", by] if by else [])]
    lines = command(folder, *words).stdout.splitlines()
    assert table.to_pylist() == [json.loads(line) for line in lines]
    assert len(lines) == (8 if by is None else 40)
    assert {str(kind) for kind in table.schema.types} == {"int64", "string", "double", "bool"}
    # With categories pandas would make a group of each pair, also of those that no row has.
    periods = table.to_pandas()
    assert len(periods.groupby(["period", "keyword"])) == len(
        {(row["period"], row["keyword"]) for row in table.to_pylist()}
    )


def test_times_are_times(run: tidings.Run) -> None:
    documents = run.table("documents")
    assert documents.schema.field("published_at").type == pa.timestamp("us", tz="UTC")
    assert documents.num_rows == len(TEXTS)


@pytest.mark.parametrize(
    ("form", "options", "words"),
    [
        ("jsonl", {}, []),
        ("csv", {"by": "day"}, ["--by", "day"]),
        ("parquet", {"distinct": True}, ["--distinct"]),
        (
            "jsonl",
            {"without": ["Covid Number 3 Comes to Town in Month 4."]},
            ["--without", "Covid Number 3 Comes to Town in Month 4."],
        ),
    ],
    ids=["all", "by day", "distinct", "without"],
)
def test_an_export_has_the_bytes_of_the_command(
    folder: Path, run: tidings.Run, form: str, options: dict[str, object], words: list[str]
) -> None:
    file = Path(f"periods.{form}").resolve()
    assert command(folder, "export", "1", "periods", "--out", str(file), *words).returncode == 0
    assert run.export("periods", format=form, **options) == file.read_bytes()  # type: ignore[arg-type]
    assert run.export("periods", out=f"own.{form}", **options) == b""  # type: ignore[arg-type]
    assert Path(f"own.{form}").read_bytes() == file.read_bytes()


def test_a_sample_to_be_labelled_has_the_bytes_of_the_command(
    folder: Path, run: tidings.Run
) -> None:
    assert (
        command(folder, "label", "1", "--per", "4", "--seed", "3", "--out", "typed.csv").returncode
        == 0
    )
    run.label(per="4", seed=3, out="own.csv")
    assert Path("own.csv").read_bytes() == Path("typed.csv").read_bytes()
    words = ("--codebook", "relevance", "--n", "9", "--per", "all", "--out", "typed-texts.csv")
    assert command(folder, "label", "1", *words).returncode == 0
    run.label("relevance", n=9, per="all", out="own-texts.csv")
    assert Path("own-texts.csv").read_bytes() == Path("typed-texts.csv").read_bytes()


def test_a_report_has_the_pages_of_the_command_and_pictures_to_show(
    folder: Path, run: tidings.Run
) -> None:
    report = run.report(out="own", by="week", distinct=True, texts=False)
    words = ("--by", "week", "--distinct", "--no-texts", "--out", "typed")
    typed_command = [sys.executable, "-P", "-m", "cli.main", "report", "1", *words]
    variables = os.environ | {"TIDINGS_HOME": str(folder)}
    subprocess.run(typed_command, env=variables, check=True)  # noqa: S603 - our own program
    assert report.page == Path("own/index.html")
    pages = sorted(path.name for path in Path("own").glob("*.html"))
    assert len(pages) > 3
    for page in pages:
        own, typed = (Path(out, page).read_text(encoding="utf-8") for out in ("own", "typed"))
        assert own.splitlines() == typed.splitlines(), page

    shown = report._repr_html_()
    assert "src=&quot;figures/" not in shown
    assert "srcset=&quot;figures/" not in shown
    assert "&lt;svg xmlns=" in shown
    figure = report.figure("shares")
    assert figure.name == "shares"
    assert figure._repr_mimebundle_()["image/svg+xml"] == figure.svg
    root = ET.fromstring(report.figure("covid-polarity").svg)  # noqa: S314 - our own
    assert root.attrib["data-name"] == "covid-polarity"
    with pytest.raises(tidings.TidingsError, match=r"no figure mentions: it is one of compared-"):
        report.figure("mentions")

    with pytest.raises(tidings.TidingsError, match=r"no figure sharse: did you mean shares"):
        report.figure("sharse")


def test_where_no_bar_is_drawn_a_line_of_progress_comes_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    displays.ProgressBar("run 1").update(0.5, "3 done")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(displays, "SECONDS_BETWEEN_LINES", 0.0)
    displays.ProgressBar("run 1").update(0.5, "3 done")
    assert capsys.readouterr().err == "run 1: 50%, 3 done\n"


def test_a_plan_has_the_figures_of_the_command_and_is_submitted_once(
    folder: Path, home: tidings.Home
) -> None:
    plan = home.months("2020-03..2020-04", keywords={"covid": ["circus"]}, name="Planned")
    words = ("months", "2020-03..2020-04", "--keyword", "covid:circus", "--name", "Planned")
    assert plan.figures == json.loads(command(folder, "plan", *words, "--json").stdout)
    assert plan.calls > 0
    assert f"{plan.calls:,}" in repr(plan)
    assert f">{plan.calls:,}</td>" in plan._repr_html_()

    run = plan.submit()
    assert plan.submit().number == run.number
    equal = command(folder, "submit", *words, "--once")
    assert int(equal.stdout.splitlines()[-1]) == run.number
    assert plan.submit(again=True).number == run.number + 1
    run.cancel()
    assert run.status()["state"] == "cancelled"
    assert plan.submit().number == run.number + 1
    training = home.training.recurrent(data="sine", hidden=5, epochs=2)
    assert training.figures is None
    assert training.submit().number == training.submit().number


def test_a_plan_shows_tokens_and_cost_where_a_language_model_is_asked() -> None:
    bound = {"tokens_in": 12_000, "tokens_out": 300, "cost": 1_234_567}
    model = {"calls": 40, "currency": "EUR", "bound": bound, "expected": None}
    sample = {"within": 0.02, "cost": None, "cost_for_half": 2_500_000, "remarks": ["Rare."]}
    figures = {"calls_to_make": 40, "ends_at": None, "model": model, "sample": sample}
    lines = describe_figures(figures)
    assert lines == [
        ("calls to make", "40"),
        ("model", ""),
        ("\u2003calls", "40"),
        ("\u2003currency", "EUR"),
        ("\u2003bound", ""),
        ("\u2003\u2003tokens in", "12,000"),
        ("\u2003\u2003tokens out", "300"),
        ("\u2003\u2003cost", "1.23"),
        ("sample", ""),
        ("\u2003within", "0.02"),
        ("\u2003cost for half", "2.50"),
        ("\u2003remark", "Rare."),
    ]


def test_a_run_gets_new_caps_when_it_is_resumed(home: tidings.Home) -> None:
    run = home.months("2020-03", keywords="storm", name="Capped", max_calls=1).submit()
    run.pause()
    run.resume(max_calls=7)
    assert run.status()["max_calls"] == 7
    with pytest.raises(tidings.UsageError, match="pays no language model"):
        run.resume(max_cost="2USD")


def test_an_error_has_the_sentence_and_the_status_of_the_command(
    folder: Path, home: tidings.Home, run: tidings.Run
) -> None:
    typed = command(folder, "export", "1", "nothing")
    with pytest.raises(tidings.UsageError) as error:
        run.table("nothing")

    assert f"tidings: {error.value}\n" == typed.stderr
    assert error.value.status == typed.returncode == 2

    with pytest.raises(tidings.UsageError, match=r"^March is no range of months: write") as usage:
        home.months("March", keywords="covid")

    assert usage.value.status == 2
    with pytest.raises(tidings.CommandError, match=r"^there is no run 99") as missing:
        home.run(99)

    assert (missing.value.status, type(missing.value)) == (1, tidings.CommandError)


def test_remarks_of_a_command_are_shown(
    home: tidings.Home, capfd: pytest.CaptureFixture[str]
) -> None:
    assert home.run(2).table("periods").num_rows > 0
    assert "tidings: run 2 is failed: 1 of 2 jobs done" in capfd.readouterr().err


def test_waiting_returns_the_run_or_raises_how_it_ended(home: tidings.Home) -> None:
    assert home.run(1).wait().number == 1
    with pytest.raises(tidings.RunFailed, match=r"^run 2 is failed, 1 done, 1 failed"):
        home.run(2).wait()


@pytest.fixture
def queued(folder: Path, tmp_path: Path) -> Iterator[tidings.Run]:
    """A run in a home without a stack."""
    shutil.copytree(folder, tmp_path / "home")
    with tidings.open(tmp_path / "home") as opened:
        yield opened.months("2020-03..2020-04", keywords="storm").submit()


def test_waiting_ends_after_a_minute_without_a_worker_and_says_how_to_start_one(
    queued: tidings.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = count(0.0, 30.0)
    monkeypatch.setattr(waiting, "monotonic", lambda: next(moments))
    with pytest.raises(tidings.NoWorker) as error:
        queued.wait()

    assert next(moments) == 90.0
    assert str(error.value) == (
        f"run {queued.number} waits, and no worker has been there for a minute: "
        f"`tidings.open({queued.program.name!r}, start=True)` starts a stack, and the run goes on"
    )
    assert queued.status()["state"] == State.QUEUED


def test_waiting_goes_on_for_hours_while_a_worker_is_there(
    queued: tidings.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = count(0.0, 3600.0)

    def next_moment() -> float:
        moment = next(moments)
        if moment == 3 * 3600.0:
            queued.cancel()

        return moment

    monkeypatch.setattr(waiting, "monotonic", next_moment)
    with closing(Database(f"sqlite:///{queued.program.name}/tidings.db", pooled=False)) as db:
        record_worker(db, own_process_name(), queues=QUEUE_TEXT, slots=2)

    with pytest.raises(tidings.RunFailed, match="cancelled"):
        queued.wait()


def test_a_stack_elsewhere_is_started_elsewhere() -> None:
    home = tidings.open(command=["ssh", "host", "tidings"])
    assert home.program.how_to_start == "`ssh host tidings up` starts a stack there"


def test_what_is_stored_and_the_runs_are_listed(home: tidings.Home, folder: Path) -> None:
    stored = home.stored()
    assert stored == json.loads(command(folder, "stored", "--json").stdout)
    assert repr(stored) == "nothing  no document is stored"
    source = {"source": "nyt", "documents": 1234, "first": "2020-01", "last": "2020-04"}
    gaps = [["2020-02", "2020-02"], ["2020-04", "2020-05"]]
    shown = StoredSummary({"sources": [{**source, "gaps": gaps}]})
    sentence = "1,234 documents, 2020-01..2020-04, without a document: 2020-02, 2020-04..2020-05"
    assert repr(shown) == f"nyt  {sentence}"
    assert f">{sentence}</td>" in shown._repr_html_()
    assert {run["run"] for run in home.runs()} >= {1, 2}
    assert home.command("status", "1").startswith("run 1 (Town): done")
    assert home.run(1).events() == []


@pytest.mark.thorough
def test_a_pack_is_read_without_a_home(settings: Settings, stub: Stub) -> None:
    with closing(Jobs(settings.model_copy(update={"textapi_url": stub.url}))) as jobs:
        store_headlines(jobs)
        run = jobs.submit(months())
        for row in jobs.rows(run):
            jobs.to_its_end(run, row.name)

        path = pack(jobs, run, Path("study.zip").resolve(), texts=True, title="A town")
        exports = {}
        for table in ("periods", "mentions", "coverage", "labels"):
            lines = exported(jobs.db, run, table, "jsonl").splitlines()
            exports[table] = list(map(json.loads, lines))

    opened = tidings.open_pack(path)
    assert opened.run["title"] == "A town"
    assert set(opened.tables) > {"documents", *exports}
    for row in exports["mentions"]:
        row["published_at"] = datetime.fromisoformat(row["published_at"])

    for table, rows in exports.items():
        assert opened.table(table).to_pylist() == rows

    with pytest.raises(tidings.TidingsError, match=r"has no table nothing: it is one of agreement"):
        opened.table("nothing")

    with pytest.raises(tidings.TidingsError, match=r"^no.zip cannot be read"):
        tidings.open_pack("no.zip").table("periods")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"period": "2020-03"' + b" " * 70_000_000 + b"}\n", "that is no pack"),
        pytest.param(
            *(b"{\n", "exports/periods.jsonl, line 1: it is no JSON"), marks=pytest.mark.thorough
        ),
    ],
    ids=["a bomb", "no JSON"],
)
def test_a_pack_that_is_none_is_refused_in_a_sentence(content: bytes, sentence: str) -> None:
    with ZipFile("study.zip", "w", ZIP_DEFLATED) as archive:
        archive.writestr("exports/periods.jsonl", content)

    with pytest.raises(tidings.TidingsError, match=f"^study.zip.*{sentence}"):
        tidings.open_pack("study.zip").table("periods")


def find_imports(name: str) -> list[psutil.Process]:
    """Return the processes that have the file *name* open."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(Path(file.path).name == name for file in process.open_files()):
                found.append(process)

    return found


def test_an_interrupted_import_is_ended(tmp_path: Path) -> None:
    texts = tmp_path / "many-headlines.csv"
    rows = [f"Nothing on {number} hill,2021-01-{1 + number % 28:02}" for number in range(20_000)]
    texts.write_text("\n".join(["headline,date", *rows]))
    stories.database(tmp_path).close()
    script = (
        "import time, tidings\n"
        f"home = tidings.open({str(tmp_path)!r})\n"
        "home.command('--version'), home.command('--version')\n"
        "while home.program._server.command is None: time.sleep(0.01)\n"
        f"home.read({str(texts)!r}, columns={{'text': 'headline', 'published_at': 'date'}})\n"
    )
    # It waits for this transaction, so that it is not done before it is interrupted.
    with (
        closing(sqlite3.connect(tmp_path / "tidings.db", isolation_level=None)) as writer,
        subprocess.Popen(  # noqa: S603 - our own script
            python_script(script), stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        writer.execute("BEGIN IMMEDIATE")
        wait_until(lambda: find_imports(texts.name), what="the import")
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=60)
        assert "KeyboardInterrupt" in shown
        assert find_imports(texts.name) == []


@pytest.mark.thorough
def test_commands_run_behind_a_prefix(folder: Path, run: tidings.Run) -> None:
    prefix = ["env", f"TIDINGS_HOME={folder}", sys.executable, "-P", "-m", "cli.main"]
    elsewhere = tidings.open(command=prefix)
    assert elsewhere.run(1).table("periods") == run.table("periods")
    with pytest.raises(tidings.TidingsError, match="leave start or command out"):
        tidings.open(command=prefix, start=True)


def test_the_page_for_coders_is_served_until_it_is_closed(run: tidings.Run) -> None:
    page = run.label("relevance", n=5, per="all", serve=True, port=0, coder="Ann,Ben")
    assert not isinstance(page, str)
    assert list(page.links) == ["Ann", "Ben", "decisions"]
    with urlopen(page.links["Ann"]) as answer:  # noqa: S310 - loopback
        assert answer.status == 200

    assert "Ann: 0 of" in page.close()
    with pytest.raises(tidings.UsageError, match="--serve opens a page to code on"):
        run.label("relevance", serve=True, out="sample.csv")


@pytest.mark.thorough
def test_a_server_runs_commands_as_they_are_executed_and_may_be_killed(folder: Path) -> None:
    home = tidings.open(folder)
    program = home.program
    executed = [home.command("status", "1"), home.run(1).table("mentions")]
    server = program._server
    assert server is not None
    wait_until(lambda: server.command, what="the imports of the server")
    line, descriptors = program._quick_line(["runs"])
    assert (line[1:3], descriptors) == (["-S", "-P"], [server.descriptor])
    assert [home.command("status", "1"), home.run(1).table("mentions")] == executed

    with pytest.raises(tidings.UsageError, match=r"^March is no range of months"):
        home.months("March")

    with pytest.raises(tidings.CommandError, match=r"^there is no run 99"):
        home.run(99)

    Path("über").mkdir()
    os.chdir("über")
    assert home.run(1).export("periods", out="ausgabe “a b”.csv") == b""
    assert Path("ausgabe “a b”.csv").is_file()
    assert home.run(1).wait().number == 1

    server._process.kill()
    wait_until(lambda: server.command is None, what="the end of the server")
    assert home.command("status", "1") == executed[0]
    home.close()
    assert not server.close.alive
    assert home.command("status", "1") == executed[0]


@pytest.mark.thorough
def test_the_server_of_commands_ends_with_the_program_that_started_it(folder: Path) -> None:
    script = (
        "import os, signal, tidings\n"
        f"home = tidings.open({str(folder)!r})\n"
        "home.runs(), home.runs()\n"
        "print(home.program._server._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        python_script(script), capture_output=True, text=True, check=False
    )
    server = int(done.stdout)
    wait_until(lambda: not psutil.pid_exists(server), what="the end of the server")


@pytest.mark.thorough
def test_modules_of_the_same_names_in_the_working_folder_do_no_harm(folder: Path) -> None:
    for module in ("core", "cli", "models", "workers", "analysis"):
        Path(f"{module}.py").write_text('raise SystemExit("mine")\n')

    script = Path("mine.py")
    script.write_text(
        "import tidings\n"
        f"home = tidings.open({str(folder)!r})\n"
        "print(home.run(1).table('periods').num_rows)\n"
    )
    with executed_processes():
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, script],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    assert (done.stdout, done.stderr) == ("8\n", "")


def test_the_import_is_light() -> None:
    script = (
        "import sys, time; began = time.process_time(); import tidings; "
        "print(time.process_time() - began); "
        "print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line)); "
        "print(*(module for module in ('pyarrow', 'pandas', 'numpy', 'pydantic', 'cli', 'core') "
        "if module in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seconds, kilobytes, *modules = done.stdout.split()
    assert not modules
    assert float(seconds) < 0.3
    assert int(kilobytes) < 40_000


@pytest.mark.thorough
def test_a_stack_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    home = tmp_path / "own"
    script = (
        "import os, signal, tidings\n"
        f"home = tidings.open({str(home)!r}, start=True)\n"
        "other = tidings.open(home.name, start=True)\n"
        "other.close()\n"
        "home.command('doctor')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        python_script(script), capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, done.stderr
    wait_until(lambda: not (home / "stack.json").exists(), what="the end of the stack")


@pytest.mark.thorough
def test_a_stack_that_two_programs_start_at_once_is_one(tmp_path: Path) -> None:
    def open_home(_number: int) -> tidings.Home:
        return tidings.open(tmp_path / "own", start=True)

    with ThreadPoolExecutor(2) as executor:
        homes = list(executor.map(open_home, range(2)))

    assert [home.command("doctor").count("BAD") for home in homes] == [0, 0]
    for home in homes:
        home.close()

    assert not (tmp_path / "own" / "stack.json").exists()

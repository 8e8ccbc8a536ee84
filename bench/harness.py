"""What the benchmarks share: options, rounds, figures, synthetic documents, a database.

Importing it puts the tree in which it stands before an installed one, for child processes too, so
that a benchmark measures the code beside it. The project is imported inside functions only: some
benchmarks measure the memory of a process that imports the harness.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from models.database import Database

DATABASES = ("sqlite", "postgresql")
JSON = "--json"
TEXT = (
    "Governor Cuomo says New York hospitals need more beds before Friday as the virus spreads "
    "and the markets fall The Senate in Washington votes on a relief bill worth $2 trillion while "
    "Boeing and Airbus halt work in March Good news for Italian farmers as weary crews bring help "
    "and hope to terrible places in Northern Europe"
)
WORDS = TEXT.split()


# --- the command line ---


def parse_options(description: str | None, **defaults: Any) -> argparse.Namespace:
    """Parse the command line: each of *defaults* is an option of its default's type.

    The option of a tuple takes several values. Every benchmark has `--json`, see `print_figure`.
    """
    inherited = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), inherited]).rstrip(os.pathsep)

    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(JSON, action="store_true", help="print each figure as a line of JSON")

    for name, default in defaults.items():
        is_tuple = isinstance(default, tuple)
        parser.add_argument(
            f"--{name}",
            type=type(default[0] if is_tuple else default),
            nargs="+" if is_tuple else None,
            default=default,
            help=f"default: {' '.join(map(str, default)) if is_tuple else default}",
        )

    return parser.parse_args()


def skip(reason: str) -> NoReturn:
    """End the benchmark, since something that it needs is not here."""
    remark(f"{reason}: nothing was measured")
    sys.exit(0)


def exit_by_growth(growth: Mapping[str, float], *, allowed_mb: float) -> NoReturn:
    """Print by how many MB each process's memory grew; end with 1 where one grew too much."""
    for name, grown in growth.items():
        print_figure(f"growth of {name}", [grown], "MB", floor=allowed_mb, floor_name="allowed")

    has_grown = max(growth.values()) > allowed_mb
    sys.exit("memory grows with the documents" if has_grown else 0)


def print_share(name: str, share: float, *, most: float, note: str = "") -> None:
    """Print a share in percent beside *most*, what it may be at most."""
    print_figure(name, [100 * share], "%", floor=100 * most, floor_name="the most,", note=note)


def remark(text: str) -> None:
    """Print what is no figure: standard output holds figures alone."""
    print(text, file=sys.stderr, flush=True)


def real_data(folder: str, name: str) -> Path:
    """Return *folder*, or else the folder *name* of the real data; skip if there is none."""
    if not folder and "TIDINGS_REAL_DATA" not in os.environ:
        skip("give --folder, or set TIDINGS_REAL_DATA")

    path = Path(folder or Path(os.environ["TIDINGS_REAL_DATA"], name))
    if not path.is_dir():
        skip(f"{path} does not exist")

    return path


# --- rounds and figures ---


def timed(
    work: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> Callable[[], float]:
    """Return a function that does *work* and returns the seconds that it took."""

    def measure() -> float:
        began = clock()
        work()
        return clock() - began

    return measure


def take_turns(
    contenders: Mapping[str, Callable[[], float]], *, rounds: int = 1, seconds: float = 0.0
) -> dict[str, list[float]]:
    """Run the contenders in turn, so that other load on the machine affects all of them.

    A contender returns the seconds that it took. There are at least *rounds* rounds, and as many
    as it takes until each contender has used *seconds*.
    """
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    done = 0

    while done < rounds or min(map(sum, samples.values())) < seconds:
        for name, measure in contenders.items():
            samples[name].append(measure())

        done += 1

    return samples


def print_figure(
    name: str,
    samples: Sequence[float],
    unit: str,
    *,
    floor: float | None = None,
    floor_name: str = "floor",
    note: str = "",
    checkout: Path = ROOT,
) -> None:
    """Print the median of *samples* and their range, and how often the floor goes into it.

    With `--json` it is a line of JSON, which also tells date, commit of the *checkout* that was
    measured, machine and command.
    """
    if JSON in sys.argv:
        figure = {"figure": name, **_summarise(samples), "unit": unit}
        figure |= {"floor": floor, "floor_name": floor_name if floor is not None else None}
        figure |= {"note": note, "command": describe_command()}
        figure |= {"date": today(), "commit": commit_of(checkout)}
        figure |= {"machine": describe_machine()}
        print(json.dumps(figure, ensure_ascii=False), flush=True)
        return

    if checkout != ROOT:
        name = f"{name} [{commit_of(checkout)}]"

    summary = _summarise(samples)
    parts = [f"{name:56}", f"{format_number(summary['median']):>9} {unit}"]

    if len(samples) > 1:
        parts.append(f"({format_number(summary['min'])} to {format_number(summary['max'])})")
    if floor:
        ratio = summary["median"] / floor
        parts.append(f"{ratio:.2f} x {floor_name} {format_number(floor)}")

    if note:
        parts.append(note)

    print("  ".join(parts), flush=True)


def _summarise(samples: Sequence[float]) -> dict[str, float]:
    return {
        "median": statistics.median(samples),
        "min": min(samples),
        "max": max(samples),
        "rounds": len(samples),
    }


def format_number(value: float) -> str:
    """Return a number as figures are printed: with three digits at least."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


# --- where a figure comes from ---


@cache
def commit_of(checkout: Path) -> str:
    """Return the short commit of a checkout, with a `+` where tracked files differ from it."""
    commit = _git(checkout, "rev-parse", "--short=7", "HEAD")
    is_changed = bool(_git(checkout, "status", "--porcelain", "--untracked-files=no"))
    return f"{commit or 'unknown'}{'+' if is_changed else ''}"


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return ""

    return done.stdout.strip() if done.returncode == 0 else ""


@cache
def describe_machine() -> str:
    """Return cores, processor and Python, as far as the system tells."""
    cpu_info = Path("/proc/cpuinfo")
    model = None
    if cpu_info.is_file():
        model = re.search(r"model name\s*: (.+)", cpu_info.read_text(encoding="utf-8"))

    processor = model[1] if model else platform.machine()
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {processor}, Python {platform.python_version()}"


def describe_command() -> str:
    """Return the command of this benchmark, without the option that asks for JSON."""
    options = [option for option in sys.argv[1:] if option != "--json"]
    return " ".join(["python", f"bench/{Path(sys.argv[0]).name}", *options])


def today() -> str:
    """Return the date in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


# --- new processes ---


@dataclass(frozen=True)
class Usage:
    """What a call of a function in a new process returned and used."""

    result: Any
    seconds: float
    cpu_seconds: float
    peak_mb: float  # of the process, with all that it had imported


def run_in_processes(function: Callable[..., Any], *arguments: tuple[Any, ...]) -> list[Usage]:
    """Call *function* with each of *arguments*, each time in a new process, all at once."""
    context = multiprocessing.get_context("spawn")

    with ExitStack() as opened:
        calls = []
        for call_arguments in arguments:
            pool = opened.enter_context(ProcessPoolExecutor(1, mp_context=context))
            calls.append(pool.submit(_measure_usage, function, call_arguments))

        return [call.result() for call in calls]


def _measure_usage(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Usage:
    began, cpu_began = time.perf_counter(), time.process_time()
    result = function(*arguments)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    return Usage(result, seconds, cpu_seconds, _peak_mb())


def _peak_mb() -> float:
    # not `ru_maxrss`: a new process inherits that of its parent
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


# --- synthetic documents ---


def headline(rng: random.Random, *, words: int = 11, subject: str = "") -> str:
    """Return a headline of so many words, some 6 characters each, behind the *subject*."""
    text = " ".join([subject, *rng.choices(WORDS, k=words)]).strip()
    return f"{text[0].upper()}{text[1:]}."


def headlines(
    first: str,
    months: int,
    per_month: int,
    *,
    subjects: Sequence[str],
    every: int,
    words: int = 11,
) -> Iterator[dict[str, Any]]:
    """Yield rows of headlines from month *first* on, those of a month evenly over its days.

    One in *every* headlines has a subject, each of *subjects* in turn.
    """
    rng = random.Random(first)
    month = datetime.fromisoformat(f"{first}-01")

    for _ in range(months):
        following = (month + timedelta(days=31)).replace(day=1)
        minutes = (following - month) // timedelta(minutes=1)
        for number in range(per_month):
            mention, is_ordinary = divmod(number, every)
            subject = "" if is_ordinary else subjects[mention % len(subjects)]
            text = headline(rng, words=words, subject=subject)
            at = month + timedelta(minutes=number * minutes // per_month)
            name = f"{at:%Y-%m}:{number:07}"
            yield {
                "identity": f"nyt:{name}",
                "source": "nyt",
                "handle": None,
                "author_id": None,
                "published_at": at,
                "period": f"{at:%Y-%m}",
                "address": f"https://example.org/{name}",
                "text": text,
                "material": "News",
                "repost": False,
            }

        month = following


def store_documents(db: Database, rows: Iterable[dict[str, Any]]) -> int:
    """Store documents in batches, as an import does; return their number."""
    from models.documents import add_documents  # noqa: PLC0415 - see the top

    remaining, count = iter(rows), 0
    while batch := list(islice(remaining, 1000)):
        add_documents(db, batch)
        count += len(batch)

    return count


# --- a database ---


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as name:
        yield Path(name)


@contextmanager
def open_database(folder: Path, kind: str = "sqlite") -> Iterator[Database]:
    """Yield the database in *folder*, created if there is none, or a PostgreSQL for this once."""
    from models.database import Database, migrate  # noqa: PLC0415 - see the top

    if kind not in DATABASES:
        sys.exit(f"there is no database {kind!r}: choose of {', '.join(DATABASES)}")

    with ExitStack() as opened:
        path = folder / "tidings.db"
        url = f"sqlite:///{path}"
        if kind == "postgresql":
            from tests.services import running_postgres  # noqa: PLC0415 - see the top

            url = opened.enter_context(running_postgres())

        if kind == "postgresql" or not path.exists():
            migrate(url)

        yield opened.enter_context(closing(Database(url)))

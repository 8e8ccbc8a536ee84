"""24 months of headlines, from submit to the last job done; the same again; and their plan.

    python bench/months.py [--documents 5073] [--rounds 3] [--processes 2] [--beside CHECKOUT]

Some six minutes on two cores, on loopback: 121,752 headlines, one worker with default settings, a
stub of the Text API that takes 50 ms for a call and has no limit. It ends sentences as our engine
does, then at an end mark and white space only, as many services do: one headline in 2,400 ends in a
closing quote behind its full stop. The floor is the latency of the calls that were made, divided by
the calls that may be in flight. Each round asks for a keyword that was not asked before. Then the
last run is made again, which needs no call, and planned: the goal of each is 1.5 s.

CHECKOUT is the folder of another commit: its stack takes turns with this one's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import harness
from checkouts import CheckoutStack, Run, running_checkouts, write_archive_of

LATENCY = 0.05
FIRST, LAST, MONTHS = "2020-01", "2021-12", 24
IN_FLIGHT = 10  # calls of a process by default
GOAL_SECONDS = 1.5
SUBJECTS = ("amber", "basil", "cedar", "dusk", "ember", "flint", "grove", "heron", "iris", "jade")
MENTION_EVERY = 20  # headlines, for each subject
QUOTE, QUOTE_EVERY = "\u2019", 2400  # headlines
SERVICES = {"": None, ", sentences end at white space": "end marks"}


def write_months(folder: Path, per_month: int) -> Path:
    """Write archives of so many headlines a month; return their folder."""
    return write_archive_of(folder, make_headlines(per_month))


def make_headlines(per_month: int) -> Iterator[dict[str, Any]]:
    """Yield rows of headlines, as long as real ones; some end in a closing quote."""
    rows = harness.headlines(
        FIRST,
        MONTHS,
        per_month,
        subjects=[f"{subject} fever" for subject in SUBJECTS],
        every=MENTION_EVERY // len(SUBJECTS),
        words=9,
    )
    for number, row in enumerate(rows):
        yield row if number % QUOTE_EVERY else row | {"text": f"{row['text']}{QUOTE}"}


def run_options(subject: str) -> list[str]:
    """Return the arguments of a run about a subject of the headlines, as `submit` takes them."""
    keyword = f"{subject}:{subject} fever"
    return [f"{FIRST}..{LAST}", "--keyword", keyword, "--steps", "keywords,polarity"]


def start_with_months(stacks: Sequence[CheckoutStack], archive: Path) -> None:
    """Import the archive and have each worker import what it needs, by a small run."""
    for stack in stacks:
        stack.command("import", "--source", "nyt", str(archive))
        stack.run("months", f"{FIRST}..{FIRST[:4]}-04", "--keyword", "xyz", "--steps", "keywords")


def measure_runs(
    stacks: Sequence[CheckoutStack], name: str, subjects: Sequence[str], in_flight: int
) -> None:
    """Run once about each subject, the stacks in turn, and print the figures.

    The processor time of a run's worker is printed where no call was made.
    """
    runs: dict[Path, list[Run]] = defaultdict(list)
    for subject in subjects:
        for stack in stacks:
            runs[stack.checkout].append(stack.run("months", *run_options(subject)))

    for checkout, of_checkout in runs.items():
        last = of_checkout[-1].calls
        calls = ", ".join(f"{operation} {count:,}" for operation, count in last.items())
        harness.print_figure(
            name,
            [run.seconds for run in of_checkout],
            "s",
            floor=sum(last.values()) * LATENCY / in_flight or None,
            note=f"{sum(last.values()):,} calls{': ' if calls else ''}{calls}",
            checkout=checkout,
        )
        if not last:
            cpu_seconds = [run.cpu_seconds for run in of_checkout]
            print_goal(f"{name}, processor time", cpu_seconds, checkout)


def measure_plan(stacks: Sequence[CheckoutStack], subject: str, rounds: int) -> None:
    """Print the processor time of `tidings plan`, its start included; all is answered."""
    samples: dict[Path, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for stack in stacks:
            _, cpu_seconds = stack.command("plan", "months", *run_options(subject), "--json")
            samples[stack.checkout].append(cpu_seconds)

    for checkout, seconds in samples.items():
        print_goal("plan, processor time", seconds, checkout)


def print_goal(name: str, seconds: Sequence[float], checkout: Path) -> None:
    harness.print_figure(
        name, seconds, "s", floor=GOAL_SECONDS, floor_name="goal", checkout=checkout
    )


def main() -> None:
    options = harness.parse_options(__doc__, documents=5073, rounds=3, processes=2, beside="")
    subjects = iter(SUBJECTS)
    if len(SERVICES) * options.rounds > len(SUBJECTS):
        raise SystemExit(f"--rounds can be {len(SUBJECTS) // len(SERVICES)} at most")

    with (
        harness.temporary_folder() as folder,
        running_checkouts(
            folder, options.beside, processes=options.processes, latency=LATENCY
        ) as stacks,
    ):
        start_with_months(stacks, write_months(folder / "archive", options.documents))
        in_flight = options.processes * IN_FLIGHT
        for name, splitter in SERVICES.items():
            of_service = [next(subjects) for _ in range(options.rounds)]
            for stack in stacks:
                stack.stub.faults(latency=LATENCY, splitter=splitter)

            measure_runs(stacks, f"24 months{name}", of_service, in_flight)

        measure_runs(stacks, "24 months again", of_service[-1:] * options.rounds, in_flight)
        measure_plan(stacks, of_service[-1], options.rounds)


if __name__ == "__main__":
    main()

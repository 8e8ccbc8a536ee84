"""Processor time of `plan` and of the same run again, which makes no call: 24 months of headlines.

    python bench/plan.py [--documents 5073] [--rounds 3] [--beside CHECKOUT]

Some two minutes: the 121,752 headlines of months.py on SQLite, beside a stub without latency. The
processor time of `tidings plan` holds the start of the program, that of a run is its worker's. The
goal of each is 1.5 s. CHECKOUT is the folder of another commit, which takes turns with this one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import harness
from checkouts import CheckoutStack, running_checkouts
from months import SUBJECTS, run_options, start_with_months, write_months

GOAL = 1.5  # seconds

Samples = dict[Path, list[float]]


def measure_plan(stacks: Sequence[CheckoutStack], name: str, rounds: int) -> None:
    """Print the processor time of `tidings plan`."""
    calls: dict[Path, int] = {}

    def plan(stack: CheckoutStack) -> float:
        output, cpu_seconds = stack.command("plan", "months", *run_options(SUBJECTS[0]), "--json")
        calls[stack.checkout] = json.loads(output)["calls_to_make"]
        return cpu_seconds

    samples = take_turns(stacks, plan, rounds)
    for checkout, seconds in samples.items():
        print_seconds(name, seconds, f"{calls[checkout]:,} calls to make", checkout)


def measure_again(stacks: Sequence[CheckoutStack], rounds: int) -> None:
    """Print the time and the worker's processor time of the same run again."""
    seconds: Samples = defaultdict(list)
    calls: dict[Path, int] = {}

    def run_again(stack: CheckoutStack) -> float:
        run = stack.run("months", *run_options(SUBJECTS[0]))
        seconds[stack.checkout].append(run.seconds)
        calls[stack.checkout] = sum(run.calls.values())
        return run.cpu_seconds

    cpu_seconds = take_turns(stacks, run_again, rounds)
    for checkout, count in calls.items():
        note = f"{count:,} calls"
        print_seconds("the same run again", seconds[checkout], note, checkout)
        name = "the same run again, processor time"
        print_seconds(name, cpu_seconds[checkout], note, checkout)


def take_turns(
    stacks: Sequence[CheckoutStack], measure: Callable[[CheckoutStack], float], rounds: int
) -> Samples:
    """Measure the stacks in turn, so many rounds; return the samples of each checkout."""
    samples: Samples = defaultdict(list)
    for _ in range(rounds):
        for stack in stacks:
            samples[stack.checkout].append(measure(stack))

    return samples


def print_seconds(name: str, samples: Sequence[float], note: str, checkout: Path) -> None:
    harness.print_figure(
        name, samples, "s", floor=GOAL, floor_name="goal", note=note, checkout=checkout
    )


def main() -> None:
    options = harness.parse_options(__doc__, documents=5073, rounds=3, beside="")

    with (
        harness.temporary_folder() as folder,
        running_checkouts(folder, options.beside) as stacks,
    ):
        start_with_months(stacks, write_months(folder / "archive", options.documents))
        measure_plan(stacks, "plan, nothing answered", options.rounds)
        for stack in stacks:
            stack.run("months", *run_options(SUBJECTS[0]))

        measure_plan(stacks, "plan, all answered", options.rounds)
        measure_again(stacks, options.rounds)


if __name__ == "__main__":
    main()

"""The order in which the steps of a stage use the time of their calls."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from analysis.step import NotReady, Step
from workers.text_jobs import Fetchers, run_stage


def run_steps(*steps: Step) -> list[Any]:
    async def run() -> list[Any]:
        fetcher = SimpleNamespace(has_called=asyncio.Event())
        unused = cast("Any", None)
        return await run_stage(unused, steps, unused, Fetchers(cast("Any", fetcher)))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("needs_a_call", "expected"),
    [
        (True, ["it looks for answers", "it calls", "the other computes", "it is answered"]),
        (False, ["it looks for answers", "it has all", "the other computes"]),
    ],
)
def test_a_step_without_calls_begins_when_another_calls_or_has_ended(
    needs_a_call: bool, expected: list[str]
) -> None:
    happened: list[str] = []
    has_computed = asyncio.Event()

    async def ask(_data: Any, fetcher: Any) -> NotReady:
        happened.append("it looks for answers")
        for _ in range(5):
            await asyncio.sleep(0)  # to the loop, and what else could run

        happened.append("it calls" if needs_a_call else "it has all")
        if needs_a_call:
            fetcher.has_called.set()
            await has_computed.wait()
            happened.append("it is answered")

        return NotReady("asked")

    async def compute(_data: Any, _fetcher: Any) -> NotReady:
        happened.append("the other computes")
        has_computed.set()
        return NotReady("computed")

    computing = Step("compute", compute, tables=(), makes_calls=False)
    asking = Step("ask", ask, tables=())
    assert run_steps(computing, asking) == [NotReady("asked"), NotReady("computed")]
    assert happened == expected


def test_an_error_of_a_step_keeps_no_other_from_its_end() -> None:
    async def fail(_data: Any, _fetcher: Any) -> NotReady:
        raise ValueError("no")

    async def compute(_data: Any, _fetcher: Any) -> NotReady:
        return NotReady("computed")

    failed, computed = run_steps(
        Step("fail", fail, tables=()), Step("compute", compute, tables=(), makes_calls=False)
    )
    assert isinstance(failed, ValueError)
    assert computed == NotReady("computed")


def test_a_stage_that_is_cancelled_while_a_step_computes_waits_for_the_calls_in_flight() -> None:
    happened: list[str] = []

    async def stop_while_it_computes() -> None:
        computes, is_answered = asyncio.Event(), asyncio.Event()

        async def ask(_data: Any, fetcher: Any) -> NotReady:
            fetcher.has_called.set()
            try:
                await asyncio.Event().wait()
            finally:
                await is_answered.wait()
                happened.append("the answer is stored")

            raise AssertionError

        async def compute(_data: Any, _fetcher: Any) -> NotReady:
            computes.set()
            await asyncio.Event().wait()
            raise AssertionError

        steps = [
            Step("ask", ask, tables=()),
            Step("compute", compute, tables=(), makes_calls=False),
        ]
        fetcher, unused = SimpleNamespace(has_called=asyncio.Event()), cast("Any", None)
        fetchers = Fetchers(cast("Any", fetcher))
        stage = asyncio.create_task(run_stage(unused, steps, unused, fetchers))
        stage.add_done_callback(lambda _stage: happened.append("the stage ends"))

        await computes.wait()
        stage.cancel()
        for _ in range(20):
            await asyncio.sleep(0)  # to whatever could run now

        is_answered.set()
        await asyncio.wait([stage])
        assert stage.cancelled()

    asyncio.run(stop_while_it_computes())
    assert happened == ["the answer is stored", "the stage ends"]

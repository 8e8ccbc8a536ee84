"""Work that is done together for all who asked for it meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from core.errors import DatabaseAway, ServiceUnavailable
from workers.grouped_work import GroupedWork


class Doubling:
    """Doubles numbers once it may, refuses 13, and records what it was given."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.has_begun = threading.Event()
        self.may_work = threading.Event()
        self.is_away = False

    def work(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        self.has_begun.set()
        assert self.may_work.wait(timeout=10)
        if self.is_away:
            raise DatabaseAway("away")
        if 13 in numbers:
            raise ServiceUnavailable("not 13", service="numbers")

        return [2 * number for number in numbers]


def test_what_is_submitted_at_once_or_during_a_turn_is_done_together() -> None:
    doubling = Doubling()

    async def scenario() -> list[int]:
        grouped = GroupedWork(doubling.work)
        first = [grouped.submit(1), grouped.submit(2)]
        assert await asyncio.to_thread(doubling.has_begun.wait, timeout=10)
        second = [grouped.submit(number) for number in (3, 4, 5)]
        doubling.may_work.set()
        return await asyncio.gather(*first, *second)

    assert asyncio.run(scenario()) == [2, 4, 6, 8, 10]
    assert doubling.groups == [[1, 2], [3, 4, 5]]


def test_an_error_is_its_submitters_and_the_others_get_their_results() -> None:
    doubling = Doubling()
    doubling.may_work.set()

    async def scenario() -> list[int | BaseException]:
        grouped = GroupedWork(doubling.work)
        futures = [grouped.submit(number) for number in (1, 13, 2)]
        return await asyncio.gather(*futures, return_exceptions=True)

    one, error, two = asyncio.run(scenario())
    assert (one, two) == (2, 4)
    assert isinstance(error, ServiceUnavailable)
    assert doubling.groups == [[1, 13, 2], [1], [13], [2]]


def test_a_database_that_is_away_is_waited_for_once_for_all() -> None:
    doubling = Doubling()
    doubling.is_away = True
    doubling.may_work.set()

    async def scenario() -> None:
        grouped = GroupedWork(doubling.work)
        futures = [grouped.submit(1), grouped.submit(2)]
        for future in futures:
            with pytest.raises(DatabaseAway):
                await future

    asyncio.run(scenario())
    assert doubling.groups == [[1, 2]]


def test_who_is_cancelled_keeps_no_other_from_its_result() -> None:
    doubling = Doubling()

    async def scenario() -> int:
        grouped = GroupedWork(doubling.work)
        cancelled, other = grouped.submit(1), grouped.submit(2)
        cancelled.cancel()
        doubling.may_work.set()
        return await other

    assert asyncio.run(scenario()) == 4
    assert doubling.groups == [[1, 2]]

"""The threads in which a process works on its database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

from workers.database_threads import SERVER_THREADS, DatabaseThreads


@contextmanager
def database_threads(*, is_file: bool) -> Iterator[DatabaseThreads]:
    with closing(DatabaseThreads(is_file=is_file)) as threads:
        yield threads


def test_work_on_a_file_is_done_by_one_thread_and_leaves_the_loops_own_to_others() -> None:
    async def scenario() -> tuple[list[int], int]:
        with database_threads(is_file=True) as threads:
            doing = [threads.run(threading.get_ident) for _ in range(20)]
            other = await asyncio.to_thread(threading.get_ident)
            return await asyncio.gather(*doing), other

    workers, other = asyncio.run(scenario())
    assert len(set(workers)) == 1
    assert other not in workers


def test_work_on_a_server_goes_on_while_other_work_waits_for_it() -> None:
    meeting = threading.Barrier(SERVER_THREADS)

    async def scenario() -> list[int]:
        with database_threads(is_file=False) as threads:
            doing = [threads.run(lambda: meeting.wait(timeout=10)) for _ in range(SERVER_THREADS)]
            return await asyncio.gather(*doing)

    assert sorted(asyncio.run(scenario())) == list(range(SERVER_THREADS))


@pytest.mark.parametrize("is_file", [True, False])
def test_work_goes_on_to_its_end_where_the_task_is_cancelled(is_file: bool) -> None:
    has_begun, may_end = threading.Event(), threading.Event()
    ended: list[str] = []

    def work() -> None:
        has_begun.set()
        assert may_end.wait(timeout=10)
        ended.append("work")

    async def scenario() -> None:
        with database_threads(is_file=is_file) as threads:
            task = asyncio.create_task(threads.run(work))
            assert await asyncio.to_thread(has_begun.wait, timeout=10)
            task.cancel()
            asyncio.get_running_loop().call_later(0.05, may_end.set)
            with pytest.raises(asyncio.CancelledError):
                await task

            ended.append("task")

    asyncio.run(scenario())
    assert ended == ["work", "task"]


def test_grouped_work_is_done_in_these_threads() -> None:
    def name_thread(items: Sequence[int]) -> list[str]:
        return [threading.current_thread().name for _ in items]

    async def scenario() -> list[str]:
        with database_threads(is_file=True) as threads:
            grouped = threads.group(name_thread)
            single = await threads.run(lambda: threading.current_thread().name)
            return [single, *await asyncio.gather(*map(grouped.submit, range(3)))]

    assert len(set(asyncio.run(scenario()))) == 1

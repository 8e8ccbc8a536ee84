"""A second process that helps to make a report, and ends with the process that makes it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from threading import Thread

from core.garbage import collect_seldom


def count_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def open_second_process() -> Iterator[Executor | None]:
    """Start a process and yield its executor; at the end the process is ended at once.

    The process also ends where this one is killed. Ctrl-C is left to this process. With one
    processor there is no process, and None is yielded.
    """
    if count_processors() == 1:
        yield None
        return

    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(1, mp_context=context, initializer=_end_with, initargs=(reader,))
    try:
        # The process is started with the first call, and blocks the signals that are blocked here.
        earlier_mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            executor.submit(os.getpid)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, earlier_mask)

        yield executor
    finally:
        writer.close()
        executor.shutdown(cancel_futures=True)
        reader.close()


def _end_with(pipe: Connection) -> None:
    """End this process when the other end of *pipe* is closed, as it is when its process ends."""
    collect_seldom()
    # What the first call needs takes a second to import, while the other process does the same.
    from reports.pages import document_list  # noqa: F401, PLC0415

    def wait_for_end() -> None:
        pipe.poll(None)
        os._exit(0)

    Thread(target=wait_for_end, daemon=True).start()

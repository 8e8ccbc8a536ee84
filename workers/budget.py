"""What the calls of a language model may cost: charged in the database before they are made."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

from core.errors import LeaseLost, RunCapReached
from core.prices import format_money
from core.quantities import quantity
from models.calls import Charge
from models.costs import CallBound, CapOfRun, charge_calls, return_charges
from models.database import Database
from models.payers import describe_capping
from workers.database_threads import DatabaseThreads, finish


class Budget:
    """Charges the most that a call can take before it is made. Use it within one event loop."""

    def __init__(self, db: Database, threads: DatabaseThreads) -> None:
        self._charging = threads.group(partial(charge_calls, db))
        self._returning = threads.group(partial(return_charges, db))
        # How many calls of each run are charged with more than they may cost.
        self._in_flight: Counter[int] = Counter()
        self._released = asyncio.Event()

    async def charge(self, bound: CallBound, currency: str) -> Charge:
        """Charge a call as soon as the calls in flight leave so much of its run's cap.

        Give the charge back with `give_back`, or `release` it. Raises `RunCapReached`, and
        `LeaseLost` if the run has ended: nobody works on it.
        """
        run_id = bound.run_id
        while True:
            released = self._released
            charge = await self._try_to_charge(bound)
            if isinstance(charge, Charge):
                self._in_flight[run_id] += 1
                return charge

            if charge.has_ended:
                raise LeaseLost(f"run {run_id} has ended")

            # A call that was settled since the charge was tried may have left room.
            is_final = not self._in_flight[run_id] and not released.is_set()
            if not charge.are_calls_left or is_final:
                raise cap_reached(run_id, charge, bound.cost, currency)

            await released.wait()

    async def _try_to_charge(self, bound: CallBound) -> Charge | CapOfRun:
        """Charge a call if there is room; a task that is cancelled meanwhile leaves no charge."""
        charging = self._charging.submit(bound)
        try:
            return await finish(charging)
        except asyncio.CancelledError:
            if charging.done() and charging.exception() is None:
                charge = charging.result()
                if isinstance(charge, Charge):
                    await finish(self._returning.submit(charge))

            raise

    async def give_back(self, charge: Charge) -> None:
        """Take back the charge of a call that was not made."""
        try:
            await finish(self._returning.submit(charge))
        finally:
            self.release(charge.run_id)

    def release(self, run_id: int) -> None:
        """Let calls of the run that wait be charged: one has been settled."""
        self._in_flight[run_id] -= 1
        self._released.set()
        self._released = asyncio.Event()


def call_cap_reached(run_id: int, max_calls: int) -> RunCapReached:
    """Return the error of a run that has made as many calls as its cap allows."""
    return RunCapReached(
        f"cap of {quantity(max_calls, 'call')} is reached: "
        f"`tidings resume {run_id} --max-calls N` goes on"
    )


def cap_reached(run_id: int, cap: CapOfRun, cost: int, currency: str) -> RunCapReached:
    """Return the error of a run whose caps leave no room for a call that may cost *cost*."""
    if not cap.are_calls_left:
        return call_cap_reached(run_id, cap.max_calls or 0)

    if cap.payer is not None:
        command = describe_capping(cap.payer)
        return RunCapReached(
            f"the cap of {cap.payer.kind} {cap.payer.name} leaves no room for the next call, which "
            f"may cost {format_money(cost, currency)}: {command} raises it, then `tidings resume "
            f"{run_id}` goes on",
            max_cost=cap.max_cost,
            payer=cap.payer,
        )

    return RunCapReached(
        "its cap on costs leaves no room for the next call, which may cost "
        f"{format_money(cost, currency)}: `tidings resume {run_id} --max-cost N{currency}` goes on",
        max_cost=cap.max_cost,
    )

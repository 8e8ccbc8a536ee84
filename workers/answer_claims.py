"""The claims that one fetch holds: nobody else requests the same answers meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.errors import DatabaseAway
from models.answers import FindTaken, claim_answers, expire_claims, release_claims, renew_claims
from workers.context import JobContext
from workers.database_threads import finish
from workers.grouped_work import GroupedWork

CLAIM_MARGIN_SECONDS = 5.0


@dataclass(frozen=True)
class CallBounds:
    """How many calls of a service a process has in flight, and the seconds of the longest one.

    Those whose answers are being stored are among them.
    """

    most_in_flight: int
    longest_seconds: float

    @property
    def claim_seconds(self) -> float:
        """How long a claim lasts: little longer than a call."""
        return self.longest_seconds + CLAIM_MARGIN_SECONDS


class ClaimsLost(Exception):
    """Another worker asks for an answer, since the claim expired before the call could be made."""


class AnswerClaims:
    """Claims of a job, each needed by one or more requests until their answers are stored.

    *claiming* does `claim_together` for all fetches of the job.
    """

    def __init__(self, job: JobContext, claiming: Claiming, bounds: CallBounds) -> None:
        self._job = job
        self._claiming = claiming
        self._seconds = bounds.claim_seconds
        self._most_in_flight = bounds.most_in_flight
        # The monotonic time of the claim or its last renewal.
        self._held_since: dict[bytes, float] = {}
        # The number of requests that need each claim.
        self._requests: Counter[bytes] = Counter()
        # The number of calls that an earlier claimant may have made.
        self._repeats: Counter[bytes] = Counter()
        # The keys whose last call may have been counted.
        self._unanswered: set[bytes] = set()
        self._renewal = asyncio.Lock()

    def unheld(self, keys: Collection[bytes]) -> set[bytes]:
        """Return the *keys* that are not held."""
        return {key for key in keys if key not in self._held_since}

    async def take(self, keys: Collection[bytes]) -> set[bytes]:
        """Claim the free ones of *keys* and return them.

        Claims are held even if the task is cancelled meanwhile. No claimed key has a stored
        answer.
        """
        return await finish(self._claiming.submit((self, keys)))

    def note(self, claimed: Mapping[bytes, int], claimed_at: float) -> None:
        """Hold the *claimed* keys from a time on; the values are numbers of earlier claimants."""
        for key, takeovers in claimed.items():
            self._held_since[key] = claimed_at
            if takeovers:
                self._repeats[key] = self._most_in_flight

    def holds(self, keys: Collection[bytes]) -> bool:
        """Return whether all of *keys* are held."""
        return all(key in self._held_since for key in keys)

    def begin(self, keys: Collection[bytes]) -> None:
        """Count a request that needs *keys*."""
        self._requests.update(keys)

    def finish(self, keys: Collection[bytes]) -> set[bytes]:
        """Count a request less that needs *keys*; return the claims that no request needs now."""
        ended = set()
        for key in keys:
            self._requests[key] -= 1
            if not self._requests[key] and self._held_since.pop(key, None) is not None:
                ended.add(key)

        return ended

    def may_repeat_a_call(self, keys: Collection[bytes]) -> bool:
        """Return whether an earlier claimant of *keys* may have made this call.

        If many requests need a claim, at most as many of them may be repeated as one process has
        in flight.
        """
        repeated = [key for key in keys if self._repeats[key]]
        self._repeats.subtract(repeated)
        return bool(repeated)

    def note_unanswered(self, keys: Collection[bytes]) -> None:
        """Remember that a call for *keys* was made, and may have been answered."""
        self._unanswered.update(keys)

    async def keep(self, keys: Collection[bytes]) -> None:
        """Keep *keys* for the time of a call. Raises `ClaimsLost`."""
        if not self._aged(keys):
            return

        async with self._renewal:
            # Another call may have renewed them meanwhile.
            aged = self._aged(keys)
            if aged:
                await self._job.in_database_thread(lambda: self._renew(aged))

        if not self.holds(keys):
            raise ClaimsLost

    def _aged(self, keys: Collection[bytes]) -> list[bytes]:
        oldest = time.monotonic() - CLAIM_MARGIN_SECONDS
        return [key for key in keys if self._held_since.get(key, 0.0) < oldest]

    def _renew(self, keys: Collection[bytes]) -> None:
        renewed_at = time.monotonic()
        renewed = renew_claims(self._job.db, self._job.claim, keys, seconds=self._seconds)
        for key in keys:
            if key in renewed:
                self._held_since[key] = renewed_at
            else:
                self._held_since.pop(key, None)

    async def release(self, unfinished: Collection[bytes]) -> None:
        """Release all claims but those of calls *unfinished*, which may still be answered.

        Without a database, the claims expire.
        """
        unneeded = self._held_since.keys() - set(unfinished)
        if not unneeded:
            return

        def release() -> None:
            with suppress(DatabaseAway):
                release_claims(self._job.db, self._job.claim, unneeded - self._unanswered)
                expire_claims(self._job.db, self._job.claim, unneeded & self._unanswered)

        await self._job.in_database_thread(release)


def claim_together(
    job: JobContext,
    seconds: float,
    find_taken: FindTaken | None,
    requested: Sequence[tuple[AnswerClaims, Collection[bytes]]],
) -> list[set[bytes]]:
    """Claim what several fetches of a job need for so many *seconds*; return what each holds now.

    A key that two of them need goes to the first one.
    """
    claimed_at = time.monotonic()
    all_keys = set[bytes]().union(*(keys for _, keys in requested))
    claimed = claim_answers(job.db, job.claim, all_keys, seconds=seconds, find_taken=find_taken)

    taken = []
    for claims, keys in requested:
        won = {key: claimed.pop(key) for key in keys if key in claimed}
        claims.note(won, claimed_at)
        taken.append(set(won))

    return taken


Claiming = GroupedWork[tuple[AnswerClaims, Collection[bytes]], set[bytes]]

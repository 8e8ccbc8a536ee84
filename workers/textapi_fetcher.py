"""Answers of the Text API through the ledger, whichever engine gives them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import chain
from types import TracebackType
from typing import Any

from core.errors import ServiceBadAnswer, ServiceError, ServiceRefused, ServiceUnavailable
from core.logs import get_logger
from core.metrics import take_waited
from core.ratelimit import credential_of
from models.keyword_answers import delete_answers
from models.runs import ENGINES_BEFORE, engines_of, note_engine
from textapi.client import RETRY_POLICY, Reply
from textapi.messages import SERVICE, Operation
from textapi.requests import NOTHING_FOUND, AnswerKey, ApiRequest, UnplacedAnswer, refusal
from workers.answer_claims import CallBounds
from workers.context import JobContext
from workers.ledger_fetcher import BeforeAttempt, EndClaims, LedgerFetcher

# These answers are about a text. The key, the address or the limit is at fault with others.
TEXT_REFUSED = frozenset({400, 413, 422})

# A request about several texts that is too long says that --text-size is too large.
SOME_TEXT_REFUSED = TEXT_REFUSED - {413}

# A service that refuses so many requests in a row is asked wrongly.
REFUSED_IN_A_ROW = 5

# This many answers in a row may hold a sentence that does not stand in the text.
UNPLACED_RETRIED = 25

# A run may meet this many engines of the Text API after its jobs were queued.
MOST_ENGINES = 10

log = get_logger(__name__)


class EngineChanged(ServiceUnavailable):
    """The service answers with another engine than the one that was requested.

    The job waits a little, then asks the new engine. If engines take turns without end, the job's
    patience ends: answers of an engine that was not requested are no progress.
    """

    def __init__(self, requested: str, answering: str) -> None:
        super().__init__(
            f"{SERVICE}: {answering} answers where {requested} did, and the job goes on with it. "
            "Where this happens again, see that one engine answers at TIDINGS_TEXTAPI_URL",
            service=SERVICE,
        )


class TextApiFetcher(LedgerFetcher):
    """Gets answers of the Text API."""

    def __init__(self, job: JobContext, engine: str, polarity: str | None = None) -> None:
        """Ask *engine*, which answers requests that prefer the polarity engine *polarity*."""
        settings = job.runtime.settings
        super().__init__(
            job,
            engine=engine,
            service=SERVICE,
            credential=credential_of(job.runtime.textapi_key),
            bounds=CallBounds(settings.textapi_concurrency, settings.textapi_timeout),
        )
        self._polarity = polarity
        self._client = job.runtime.textapi
        # It counts answers in a row with a sentence that does not stand in the text.
        self._unplaced_in_a_row = 0
        # The keys of requests that were refused in a row, by whether they are about one text.
        self._refused_in_a_row: dict[bool, list[Collection[AnswerKey]]] = {}
        self._is_asked_wrongly = False

    @classmethod
    async def find(cls, job: JobContext, polarity: str | None) -> TextApiFetcher:
        """Ask the service for its engine; `status` says meanwhile that it does not answer."""
        began = time.monotonic()

        async def note(error: ServiceUnavailable) -> None:
            await job.in_database_thread(partial(job.note_outage, error, time.monotonic() - began))

        engine = await job.runtime.textapi.engine(polarity, after_failure=note)
        return cls(job, engine, polarity)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if self._is_asked_wrongly:
            # No step reads them any more.
            keys = list(chain.from_iterable(self._refused_in_a_row.get(True, ())))
            await self.job.write(partial(delete_answers, engine=self.engine, keys=keys))

    @property
    def languages(self) -> frozenset[str] | None:
        """The codes of the languages that the engine reads; None if it declares none."""
        return self._client.languages(self.engine)

    async def note_engine(self) -> None:
        """Record the engine of the run and the languages that it reads.

        Raises `ServiceBadAnswer` if the run has had too many engines: each gets all requests anew,
        and with a new name in each answer, calls would never end.
        """
        job, engine, run_id = self.job, self.engine, self.job.claim.run_id
        engines = await job.read(engines_of, run_id)
        if engine in engines and engines[engine] == self.languages:
            return

        # The number of engines that a watched run met before its last update.
        earlier = job.claim.options.get(ENGINES_BEFORE, 0)
        if engine not in engines and len(engines) >= earlier + MOST_ENGINES:
            period = "since its last update" if earlier else "in this run"
            raise ServiceBadAnswer(
                f"{SERVICE} has named {len(engines) - earlier} engines {period}, and now {engine}: "
                "see that one engine answers at TIDINGS_TEXTAPI_URL, then submit the run again",
                service=SERVICE,
            )

        note = partial(
            note_engine, db=job.db, run_id=run_id, engine=engine, languages=self.languages
        )
        await job.write(note)

    async def send(
        self,
        request: ApiRequest,
        keys: Collection[AnswerKey],
        before_attempt: BeforeAttempt,
        after_failure: Callable[[ServiceError], None],
        end_claims: EndClaims,
    ) -> set[AnswerKey]:
        """Request *keys* of *request* and store the answers; return the keys without an answer.

        *end_claims* takes these keys and returns the claims that end with the answer. Raises what
        `TextApiClient.ask` raises, and `EngineChanged`.
        """
        counts = partial(self._writer.counts, request.operation)
        began: float | None = None

        async def note_begin(operation: str, attempt: int) -> None:
            nonlocal began
            await before_attempt(operation, attempt)
            counts().waited += take_waited()
            began = time.monotonic()

        def note_end() -> None:
            nonlocal began
            if began is not None:
                counts().seconds += time.monotonic() - began
                began = None

        def note_failure(error: ServiceError) -> None:
            note_end()
            after_failure(error)

        async def store(reply: Reply[dict[AnswerKey, str]]) -> None:
            note_end()
            if _is_of_other_engine(reply, request):
                await self._store_under(reply.engine or "", request, reply.value)
            else:
                ended = end_claims(set(keys) - reply.value.keys())
                await self._writer.store(request, reply.value, ended)
                self._refused_in_a_row.pop(request.is_about_one(keys), None)
                self.note_answer()

        try:
            reply = await self._client.ask(
                request.operation,
                request.body(keys),
                note_begin,
                read=partial(self._read_answers, request, keys),
                polarity=self._polarity,
                after_failure=note_failure,
                store=store,
            )
        except UnplacedAnswer as error:
            # No attempt was better, so this answer is kept: the step counts what it leaves out.
            reply = Reply(error.answers, error.engine, RETRY_POLICY.attempts)
            await store(reply)
        except ServiceRefused as error:
            return await self._set_aside(request, keys, error, end_claims)

        if _is_of_other_engine(reply, request):
            raise EngineChanged(request.engine, reply.engine or "")

        return set(keys) - reply.value.keys()

    async def _set_aside(
        self,
        request: ApiRequest,
        keys: Collection[AnswerKey],
        error: ServiceRefused,
        end_claims: EndClaims,
    ) -> set[AnswerKey]:
        """Store that the text of *request* is refused; return *keys* if it has several texts.

        These are asked about one by one. Raises *error* if it is not about the texts, or if the
        service refuses all alike.
        """
        is_about_one = request.is_about_one(keys)
        statuses = TEXT_REFUSED if is_about_one else SOME_TEXT_REFUSED
        refused = self._refused_in_a_row.setdefault(is_about_one, [])
        if error.status not in statuses:
            raise error
        if len(refused) >= REFUSED_IN_A_ROW:
            self._is_asked_wrongly = True
            raise error

        refused.append(keys)
        if not is_about_one:
            return set(keys)

        log.warning("a text is refused and set aside", operation=request.operation, why=str(error))
        answers = dict.fromkeys(keys, refusal(error.status))
        await self._writer.store(request, answers, end_claims(set()))
        return set()

    def _read_answers(
        self, request: ApiRequest, keys: Collection[AnswerKey], answer: Mapping[str, Any]
    ) -> dict[AnswerKey, str]:
        """Return the answers to *keys*. Raises `ServiceBadAnswer`.

        A service that rewrites every sentence is not called several times for each text, nor again
        in each slice: no attempt follows the end of a slice, so the last answer is kept as it is.
        """
        try:
            answers = request.answers(answer, keys)
        except UnplacedAnswer as error:
            self._unplaced_in_a_row += 1
            may_retry = self._unplaced_in_a_row <= UNPLACED_RETRIED
            if may_retry and not self.job.slice_is_over:
                raise

            return error.answers

        is_about_keywords = request.operation == Operation.SENTENCES_WITH_KEYWORDS
        if is_about_keywords and any(sentences != NOTHING_FOUND for sentences in answers.values()):
            self._unplaced_in_a_row = 0

        return answers

    async def _store_under(
        self, engine: str, request: ApiRequest, answers: Mapping[AnswerKey, str]
    ) -> None:
        """Store *answers* under the *engine* that gave them."""
        self._client.note_engine(engine, self._polarity)
        renamed_request = request.with_engine(engine)
        renamed: dict[AnswerKey, str] = {}

        keys: tuple[AnswerKey, ...] = request.keys
        new_keys: tuple[AnswerKey, ...] = renamed_request.keys
        for key, new_key in zip(keys, new_keys, strict=True):
            if key in answers:
                renamed[new_key] = answers[key]

        await self._writer.store(renamed_request, renamed, progress=False)


def _is_of_other_engine(reply: Reply[Any], request: ApiRequest) -> bool:
    return reply.engine is not None and reply.engine != request.engine

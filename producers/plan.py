"""What a run would ask, before anything is asked: documents, calls, time at the limits, and the limit that binds."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.limits import Window
from core.queues import Step
from models.answers import known_keys, read_answers
from models.database import Database
from models.documents import Text
from models.parameters import MonthsParameters, months
from producers.months import all_terms, mentions_in, month_days, month_packs
from textapi.engine.keywords import sentences_with
from textapi.questions import (
    Question,
    chunks,
    entities_of,
    keyword_key,
    phrases_of,
    polarity_questions,
    summary_of,
)

OWN_ENGINE = "tidings"  # engines whose names begin so have the matcher that plan runs itself


@dataclass
class Plan:
    """Figures of `tidings plan`; *exact* says whether the calls beyond the keywords are certain."""

    documents: int = 0
    calls_needed: int = 0
    calls_answered: int = 0
    calls_to_make: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    ends_at: str | None = None
    binding_limit: str | None = None
    exact: bool = True
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


class _Counter:
    """Counts questions, each answer wanted once however often it is asked for."""

    def __init__(self, db: Database) -> None:
        self.needed: Counter[str] = Counter()
        self.to_make: Counter[str] = Counter()
        self._db = db
        self._asked: set[bytes] = set()

    def add(self, questions: Iterable[Question]) -> None:
        for question in questions:
            new = [key for key in question.keys if key not in self._asked]
            if not new:
                continue
            self._asked.update(new)
            self.needed[question.operation] += 1
            with self._db.read() as connection:
                known = known_keys(connection, new)
            self.to_make[question.operation] += len(known) < len(new)


def plan_months(db: Database, parameters: MonthsParameters, *, engine: str, windows: Sequence[Window]) -> Plan:
    """Count what `submit months` would ask; nothing is asked, and a month is held a day at a time."""
    counter, plan = _Counter(db), Plan(exact=engine.startswith(OWN_ENGINE))
    for period in months(parameters.first, parameters.last):
        counter.add(month_packs(db, engine, parameters, period))
        found = _Mentions(parameters)
        for texts in month_days(db, parameters, period):
            plan.documents += len(texts)
            found.add(db, engine, texts)
        counter.add(found.questions(engine))
    if not plan.exact:
        plan.remarks.append(
            f"{engine} is not our engine: keyword calls are exact, the others are what our own matcher would lead to"
        )
    return _finished(plan, counter, windows)


class _Mentions:
    """What our own matcher finds in a month, and what would be asked of it."""

    def __init__(self, parameters: MonthsParameters) -> None:
        self._parameters = parameters
        self._terms = all_terms(parameters.keywords)
        self._sentences: dict[str, None] = {}
        self._documents: dict[str, dict[int, str]] = {keyword.name: {} for keyword in parameters.keywords}

    def add(self, db: Database, engine: str, texts: Sequence[Text]) -> None:
        """Match a day's texts; what is answered already is taken from the ledger."""
        keys = {(text.id, term): keyword_key(engine, term, text.text) for text in texts for term in self._terms}
        with db.read() as connection:
            stored = read_answers(connection, set(keys.values()))
        for text in texts:
            answers = {term: stored.get(keys[text.id, term]) for term in self._terms}
            missing = [term for term, answer in answers.items() if answer is None]
            found = sentences_with(text.text, missing) if missing else {}
            found |= {term: json.loads(answer) for term, answer in answers.items() if answer is not None}
            mentions = mentions_in(text, self._parameters.keywords, found)
            for mention in sorted(mentions, key=lambda mention: int(mention["position"])):
                self._sentences.setdefault(mention["sentence"])
                self._documents[mention["keyword"]][text.id] = text.text

    def questions(self, engine: str) -> Iterator[Question]:
        """The questions of the later steps."""
        parameters = self._parameters
        if Step.POLARITY in parameters.steps:
            yield from polarity_questions(engine, self._sentences, parameters.text_size)
        for documents in self._documents.values():
            parts = [text for text, _ in chunks(documents.items(), parameters.text_size)]
            if Step.PHRASES in parameters.steps:
                yield from (phrases_of(engine, part, parameters.phrases) for part in parts)
            if Step.ENTITIES in parameters.steps:
                yield from (entities_of(engine, part) for part in parts)
            if Step.SUMMARY in parameters.steps:
                yield from _summaries(engine, parts, parameters)


def _summaries(engine: str, parts: Sequence[str], parameters: MonthsParameters) -> Iterator[Question]:
    from textapi.engine.summary import summarize  # noqa: PLC0415 - only here

    while True:
        yield from (summary_of(engine, part, parameters.proportion) for part in parts)
        summaries = list(filter(None, (summarize(part, parameters.proportion) for part in parts)))
        if len(parts) <= 1 or len("\n".join(summaries)) <= parameters.text_size:
            return
        parts = [text for text, _ in chunks(enumerate(summaries), parameters.text_size)]


def _finished(plan: Plan, counter: _Counter, windows: Sequence[Window]) -> Plan:
    plan.calls_needed = counter.needed.total()
    plan.calls_to_make = counter.to_make.total()
    plan.calls_answered = plan.calls_needed - plan.calls_to_make
    plan.by_operation = {operation: counter.to_make[operation] for operation in sorted(counter.needed)}
    plan.seconds, plan.binding_limit = time_at(windows, plan.calls_to_make)
    if plan.binding_limit:
        ends = datetime.fromtimestamp(time.time() + plan.seconds, UTC)
        plan.ends_at = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    return plan


def time_at(windows: Sequence[Window], calls: int) -> tuple[float, str | None]:
    """Seconds until the last of *calls* may be made, and the limit that says so; 0 and None where none does."""
    if not calls or not windows:
        return 0.0, None
    slowest = max(windows, key=lambda window: _seconds(window, calls))
    return _seconds(slowest, calls), str(slowest)


def _seconds(window: Window, calls: int) -> float:
    """A window's worth of calls may be made at once, the next when it is over."""
    full = math.ceil(calls / window.calls) - 1
    return full * window.seconds + (calls - full * window.calls) / window.calls * window.seconds

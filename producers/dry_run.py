"""The questions that a run leads to, foreseen without asking: our own matcher says which documents are mentioned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from core.enums import Step
from models.answers import read_answers
from models.database import Database
from models.documents import Text
from models.parameters import HandlesParameters, MonthsParameters, SearchParameters, TextOptions
from producers.bodies import (
    Body,
    entities_requests,
    further_summary_requests,
    phrases_requests,
    summary_requests,
)
from producers.months import all_terms, mentions_in
from producers.posts import OwnWords
from textapi.requests import ApiRequest, TextRequest, keyword_key, polarity_requests
from textapi.text.keywords import sentences_with


class Mentions:
    """What our own matcher finds in a month, and what would be asked of it."""

    def __init__(self, parameters: MonthsParameters, period: str) -> None:
        self._parameters = parameters
        self._period = period
        self._terms = all_terms(parameters.keywords)
        self._sentences: dict[str, None] = {}
        self._documents: dict[str, dict[int, str]] = {
            keyword.name: {} for keyword in parameters.keywords
        }

    def add(self, db: Database, engine: str, texts: Sequence[Text]) -> None:
        """Match a day's texts; what is answered already is taken from the ledger."""
        keys = {
            (text.id, term): keyword_key(engine, term, text.text)
            for text in texts
            for term in self._terms
        }
        with db.read() as connection:
            stored = read_answers(connection, set(keys.values()))
        for text in texts:
            answers = {term: stored.get(keys[text.id, term]) for term in self._terms}
            missing = [term for term, answer in answers.items() if answer is None]
            found = sentences_with(text.text, missing) if missing else {}
            found |= {
                term: json.loads(answer) for term, answer in answers.items() if answer is not None
            }
            mentions = mentions_in(text, self._parameters.keywords, found)
            for mention in sorted(mentions, key=lambda mention: int(mention["position"])):
                self._sentences.setdefault(mention["sentence"])
                self._documents[mention["keyword"]][text.id] = text.text

    def questions(self, engine: str) -> Iterator[ApiRequest]:
        """The questions of the later steps."""
        parameters = self._parameters
        if Step.POLARITY in parameters.steps:
            yield from polarity_requests(engine, self._sentences, parameters.text_size)
        for keyword, documents in self._documents.items():
            body = Body(keyword, {self._period: list(documents.items())})
            if Step.PHRASES in parameters.steps:
                yield from phrases_requests(engine, body, parameters)
            if Step.ENTITIES in parameters.steps:
                yield from entities_requests(engine, body, parameters)
            if Step.SUMMARY in parameters.steps:
                yield from _summaries(
                    engine, summary_requests(engine, body, parameters), parameters
                )


def requests_of_posts(
    engine: str, posts: Sequence[Text], parameters: HandlesParameters | SearchParameters
) -> Iterator[ApiRequest]:
    """What is asked about the posts of an account, or on a term."""
    own = OwnWords.of(posts)
    for step in parameters.steps:
        if step == Step.SUMMARY:
            yield from _summaries(
                engine, summary_requests(engine, own.told, parameters), parameters
            )
        else:
            yield from own.first_requests(step, engine, parameters)


def _summaries(
    engine: str, questions: Sequence[TextRequest], options: TextOptions
) -> Iterator[ApiRequest]:
    """The *questions*, and those that follow from what our own engine would answer."""
    from textapi.engine.summary import summarize  # noqa: PLC0415 - only here

    while questions:
        yield from questions
        summaries = [
            summary
            for question in questions
            if (summary := summarize(question.text, options.proportion))
        ]
        questions = further_summary_requests(engine, summaries, len(questions), options)

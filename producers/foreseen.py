"""The questions that a run leads to, foreseen without asking: our own matcher says which documents are mentioned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from core.queues import Step
from models.answers import read_answers
from models.database import Database
from models.documents import Text
from models.parameters import HandlesParameters, MonthsParameters, SearchParameters, TextOptions
from producers.months import all_terms, mentions_in
from producers.posts import own_posts, to_sum_up, words_by_month
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


class Mentions:
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


def questions_of_posts(
    engine: str, posts: Sequence[Text], parameters: HandlesParameters | SearchParameters
) -> Iterator[Question]:
    """What is asked about the posts of an account, or on a term."""
    own = own_posts(posts)
    words = words_by_month(own)
    parts = _parts(words, parameters.text_size)
    if Step.SUMMARY in parameters.steps:
        yield from _summaries(engine, _parts(to_sum_up(words), parameters.text_size), parameters)
    if Step.PHRASES in parameters.steps:
        yield from (phrases_of(engine, part, parameters.phrases) for part in parts)
    if Step.ENTITIES in parameters.steps:
        yield from (entities_of(engine, part) for part in parts)
    if Step.POLARITY in parameters.steps:
        yield from polarity_questions(engine, list(dict.fromkeys(post.text for post in own)), parameters.text_size)


def _parts(by_period: Mapping[str, Sequence[tuple[int, str]]], size: int) -> list[str]:
    return [text for documents in by_period.values() for text, _ in chunks(documents, size)]


def _summaries(engine: str, parts: Sequence[str], parameters: TextOptions) -> Iterator[Question]:
    from textapi.engine.summary import summarize  # noqa: PLC0415 - only here

    while True:
        yield from (summary_of(engine, part, parameters.proportion) for part in parts)
        summaries = list(filter(None, (summarize(part, parameters.proportion) for part in parts)))
        if len(parts) <= 1 or len("\n".join(summaries)) <= parameters.text_size:
            return
        parts = [text for text, _ in chunks(enumerate(summaries), parameters.text_size)]

"""Texts a CPU second of each function of the engine, beside the library it wraps called directly.

python bench/textapi_engine.py [SECONDS]
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for both sides alike, before numpy

import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import spacy
from textapi_kit import headline, page
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from textapi.engine import entities, language, phrases, polarity, summary
from textapi.text import keywords, sentences

Work = Callable[[list[str]], object]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    rng = random.Random(1)
    for name, texts in (
        ("headline", [headline(rng) for _ in range(400)]),
        ("3 kB", [page(rng) for _ in range(40)]),
    ):
        compare(name, texts, seconds)


def compare(name: str, texts: list[str], seconds: float) -> None:
    for function, ours, library, theirs in cases():
        mine, other = rate(ours, texts, seconds), rate(theirs, texts, seconds)
        print(
            f"{function}, {name}: {mine:,.0f}/s; {library} {other:,.0f}/s; "
            f"{mine / other:.2f} times",
            flush=True,
        )


def cases() -> Iterator[tuple[str, Work, str, Work]]:
    """Function, our way through many texts, the library, its way."""
    splitter = spacy.blank("en")
    splitter.add_pipe("sentencizer")
    yield (
        "sentences",
        each(sentences.sentences),
        "spaCy's sentencizer",
        each(lambda text: list(splitter(text).sents)),
    )
    terms = ["virus", "New York", "Boeing"]
    plain_terms = [re.compile(rf"\b{term}\b", re.IGNORECASE) for term in terms]
    yield (
        "keywords, three terms",
        each(lambda text: keywords.sentences_with(text, terms)),
        "re without sentences",
        each(lambda text: [term.findall(text) for term in plain_terms]),
    )
    vader = SentimentIntensityAnalyzer()
    yield (
        "polarity, vader",
        each(polarity.text_polarity),
        "VADER on the whole text",
        each(vader.polarity_scores),
    )
    yield (
        "polarity, compatible",
        each(lambda text: polarity.text_polarity(text, "compatible")),
        "TextBlob",
        each(lambda text: TextBlob(text).sentiment.polarity),
    )
    yield "summary", each(summary.summarize), "its sentences alone", each(sentences.sentences)
    model, plain = language.load(), spacy.load(language.find_model())
    not_needed = [part for part in plain.pipe_names if part != "ner"]
    recogniser = "spaCy's recogniser, a text at a time"
    read = partial(entities.entities, model)
    yield "entities", read, recogniser, each(lambda text: plain(text, disable=not_needed).ents)
    yield (
        "entities",
        read,
        "spaCy's whole pipeline, piped",
        lambda texts: [doc.ents for doc in plain.pipe(texts)],
    )
    yield (
        "phrases",
        partial(phrases.phrases, model),
        "spaCy's whole pipeline, piped",
        lambda texts: [list(doc.noun_chunks) for doc in plain.pipe(texts)],
    )


def each(work: Callable[[str], object]) -> Work:
    return lambda texts: list(map(work, texts))


def rate(work: Work, texts: list[str], seconds: float) -> float:
    """Texts a CPU second."""
    work(texts)
    began, done = time.process_time(), 0
    while time.process_time() - began < seconds or not done:
        work(texts)
        done += len(texts)
    return done / (time.process_time() - began)


if __name__ == "__main__":
    main()

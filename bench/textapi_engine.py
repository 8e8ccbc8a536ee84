"""Texts a CPU second of each function of the engine, beside the library that it wraps.

    python bench/textapi_engine.py [--seconds 2]

On headlines and on texts of 3 kB, on one thread. Ours and the library take turns, until each has
used so many CPU seconds.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median

import harness
import spacy
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from textapi.engine import entities, language, phrases, polarity, summary
from textapi.text import keywords, sentences

TERMS = ["virus", "New York", "Boeing"]
Work = Callable[[list[str]], object]


@dataclass(frozen=True)
class Case:
    """A function of the engine and what does about the same in a library, on many texts each."""

    function: str
    ours: Work
    library: str
    theirs: Work


def compare(case: Case, size: str, texts: list[str], seconds: float) -> None:
    """Run both sides in turn and print the texts a second of ours."""
    contenders = {
        "ours": harness.timed(partial(case.ours, texts), time.process_time),
        "theirs": harness.timed(partial(case.theirs, texts), time.process_time),
    }
    harness.take_turns(contenders)  # caches
    samples = harness.take_turns(contenders, seconds=seconds)

    rates = [len(texts) / sample for sample in samples["ours"]]
    reference = len(texts) / median(samples["theirs"])
    harness.print_figure(
        f"{case.function}, {size}", rates, "/s", floor=reference, floor_name=case.library
    )


def for_each(function: Callable[[str], object]) -> Work:
    """Return a function that calls *function* for one text after the other."""

    def work(texts: list[str]) -> None:
        for text in texts:
            function(text)

    return work


def plain_cases() -> Iterator[Case]:
    """Yield the functions that need no model."""
    splitter = spacy.blank("en")
    splitter.add_pipe("sentencizer")
    terms = [re.compile(rf"\b{term}\b", re.IGNORECASE) for term in TERMS]
    vader = SentimentIntensityAnalyzer()

    yield Case(
        "sentences",
        for_each(sentences.sentences),
        "spaCy's sentencizer",
        for_each(lambda text: list(splitter(text).sents)),
    )
    yield Case(
        "keywords, three terms",
        for_each(lambda text: keywords.sentences_with(text, TERMS)),
        "re without sentences",
        for_each(lambda text: [term.findall(text) for term in terms]),
    )
    yield Case(
        "polarity, vader",
        for_each(polarity.text_polarity),
        "VADER on the whole text",
        for_each(vader.polarity_scores),
    )
    yield Case(
        "polarity, compatible",
        for_each(lambda text: polarity.text_polarity(text, "compatible")),
        "TextBlob",
        for_each(lambda text: TextBlob(text).sentiment.polarity),
    )
    yield Case(
        "summary",
        for_each(summary.summarize),
        "its sentences alone",
        for_each(sentences.sentences),
    )


def model_cases() -> Iterator[Case]:
    """Yield the functions that read a text with the model."""
    model, plain = language.load(), spacy.load(language.find_model())
    not_needed = [part for part in plain.pipe_names if part != "ner"]
    read_entities = partial(entities.entities, model)
    piped = "spaCy's whole pipeline, piped"

    yield Case(
        "entities",
        read_entities,
        "spaCy's recogniser, a text at a time",
        for_each(lambda text: plain(text, disable=not_needed).ents),
    )
    yield Case(
        "entities", read_entities, piped, lambda texts: [doc.ents for doc in plain.pipe(texts)]
    )
    yield Case(
        "phrases",
        partial(phrases.phrases, model),
        piped,
        lambda texts: [list(doc.noun_chunks) for doc in plain.pipe(texts)],
    )


def main() -> None:
    options = harness.parse_options(__doc__, seconds=2.0)
    rng = random.Random(1)
    texts = {
        "headline": [harness.headline(rng) for _ in range(400)],
        "3 kB": [harness.page(rng) for _ in range(40)],
    }

    cases = [*plain_cases(), *model_cases()]
    for size, of_size in texts.items():
        for case in cases:
            compare(case, size, of_size, options.seconds)


if __name__ == "__main__":
    harness.use_one_thread()
    main()

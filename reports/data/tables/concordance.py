"""The table `concordance`: the mentions, a row for each place at which a term stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

from reports.data import export_schema as schema
from reports.data.run_data import RunData
from reports.data.tables.mentions import MENTIONS


@dataclass(frozen=True, slots=True)
class ConcordanceRow:
    """One row per place at which a sentence holds a term of a keyword."""

    run: schema.RunNumber
    period: Annotated[str, "Month, UTC, of `published_at`."]
    handle: schema.AuthorHandle
    document: schema.DocumentIdentity
    published_at: schema.PublishedAt
    address: schema.WebAddress
    keyword: Annotated[str, "Name of the keyword."]
    term: Annotated[str, "The term of the keyword that stands there."]
    position: Annotated[int, "Number of the sentence in its document, from 1."]
    left: Annotated[str, "What is before it in the sentence."]
    match: Annotated[str, "The words that the term matches, as the sentence has them."]
    right: Annotated[str, "What is behind it in the sentence."]
    polarity: Annotated[
        float | None, "Polarity of the sentence, from -1 to 1; null as in `mentions`."
    ]


def read_concordance(
    run: RunData, job_names: Collection[str] | None = None
) -> Iterator[ConcordanceRow]:
    """Yield the rows in the order of the mentions, those of a sentence from left to right."""
    patterns = {
        (keyword.name, term): term_pattern
        for keyword in run.keywords
        for term, term_pattern in zip(keyword.terms, keyword.patterns, strict=True)
    }

    for mention in MENTIONS.read(run, job_names):
        sentence = mention.sentence
        for start, end in patterns[mention.keyword, mention.term].find_spans(sentence):
            yield ConcordanceRow(
                run=mention.run,
                period=mention.period,
                handle=mention.handle,
                document=mention.document,
                published_at=mention.published_at,
                address=mention.address,
                keyword=mention.keyword,
                term=mention.term,
                position=mention.position,
                left=sentence[:start],
                match=sentence[start:end],
                right=sentence[end:],
                polarity=mention.polarity,
            )


CONCORDANCE = schema.Table(
    "concordance",
    ConcordanceRow,
    read_concordance,
    schema.MENTION_RUNS,
    key=("period", "handle", "document", "keyword", "term", "position"),
    is_selected=True,
)

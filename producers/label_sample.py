"""The sample of mentions that people label, by the codebook "polarity".

A label stands beside a polarity of the engine, so mentions without one are not drawn. The sample is
stratified by month and keyword. Each mention has its own random number, a hash of the seed and its
name, and the sample of a stratum holds the mentions with the lowest numbers ("permanent random
numbers": E. Ohlsson, "Coordination of samples using permanent random numbers", in Business Survey
Methods, 1995). So the sample is the same on every machine and for every coder, a larger sample
contains a smaller one, and an erased document only gives its own place to another. It is drawn
anew by each call and nowhere stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import nsmallest
from operator import itemgetter

from analysis.codebooks.units import hash_parts
from analysis.kinds import kind_named
from core.errors import UsageError
from models.database import Database
from models.labels import LabelledMention, list_mentions_by_month, read_sentences
from models.runs import get_run
from producers.code_sample import SampledText, name_item


def draw_label_sample(db: Database, run_id: int, *, per: int, seed: int) -> list[SampledText]:
    """Return *per* mentions of each month and keyword, or all of fewer, in random order.

    The first mention of each stratum comes first, then the second ones and so on: a coder who stops
    early has coded about as many of each. Raises `NotFound`, and `UsageError` if the run has no
    mention with a polarity.
    """
    _check_run_of_months(db, run_id)
    drawn: list[tuple[int, bytes, LabelledMention]] = []
    for mentions in list_mentions_by_month(db, run_id):
        strata: dict[str, list[tuple[bytes, LabelledMention]]] = defaultdict(list)
        for mention in mentions:
            _, keyword, position = mention.key
            number = hash_parts(f"{seed}", mention.document, keyword, f"{position}")
            strata[keyword].append((number, mention))

        for stratum in strata.values():
            lowest = nsmallest(per, stratum, key=itemgetter(0))
            for round_number, (random_number, mention) in enumerate(lowest):
                drawn.append((round_number, random_number, mention))

    drawn.sort(key=itemgetter(0, 1))
    if not drawn:
        raise UsageError(
            f"run {run_id} has no mention with a polarity (yet): `tidings status {run_id}` says why"
        )

    return _read_texts(db, run_id, [mention for _, _, mention in drawn])


def find_mentions(db: Database, run_id: int, items: Collection[str]) -> list[SampledText]:
    """Return the mentions of the run that *items* name; leave out items without a mention."""
    _check_run_of_months(db, run_id)
    named = [
        mention
        for mentions in list_mentions_by_month(db, run_id)
        for mention in mentions
        if _name_mention(mention) in items
    ]
    return _read_texts(db, run_id, named)


def _check_run_of_months(db: Database, run_id: int) -> None:
    """Raise `NotFound` if there is no such run, `UsageError` if it is not a run of months."""
    kind = kind_named(db.fetch(get_run, run_id).kind)
    if not kind.has_mentions:
        raise UsageError(
            f"run {run_id} is of {kind.name}: mentions are labelled, which only runs of months have"
        )


def _name_mention(mention: LabelledMention) -> str:
    return name_item(mention.document, mention.key.keyword, mention.key.position)


def _read_texts(
    db: Database, run_id: int, mentions: Sequence[LabelledMention]
) -> list[SampledText]:
    sentences = db.fetch(read_sentences, run_id, [mention.key for mention in mentions])

    # A mention without a sentence was erased in this moment.
    return [
        SampledText(
            unit=mention.key,
            item=_name_mention(mention),
            period=mention.period,
            keyword=mention.key.keyword,
            document=mention.document,
            text=sentences[mention.key],
        )
        for mention in mentions
        if mention.key in sentences
    ]

"""Frames are folded into periods: zeros and gaps are rows, and sums are exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analysis import grains
from core.enums import Grain, Grouping
from reports.frames.frames import DOCUMENT_SCHEMA, MENTION_SCHEMA, Frames
from reports.series.daily import Daily, DailyJob, count_days, judge_days
from reports.series.fold import fold
from reports.series.groupings import Groups
from reports.series.progress import Progress

COMPLETE = Progress("complete", has_counts=True, has_polarity=True)
SUBJECTS = [("fog", None), ("fog", "fog"), ("fog", "mist")]

# A document: its day, its outlet, and the terms of its first sentence.
Text = tuple[str, str, tuple[str, ...]]


def frames_of(texts: Sequence[Text]) -> Frames:
    documents: list[dict[str, object]] = []
    mentions = []
    for number, (day, outlet, terms) in enumerate(texts):
        known = {"document": number, "day": date.fromisoformat(day), "outlet": outlet}
        documents.append({**known, "section": "", "words": 1, "chosen": True})
        mentions += [(number, 1, "fog", term, 10**11 * (number % 5)) for term in terms]

    return Frames(
        pl.DataFrame(documents, DOCUMENT_SCHEMA),
        pl.DataFrame(mentions, MENTION_SCHEMA, orient="row"),
    )


def count(
    texts_by_month: Mapping[str, Sequence[Text]],
    groups: Groups | None = None,
    left_out: Sequence[int] = (),
) -> Daily:
    jobs, parts = [], []
    for month, texts in texts_by_month.items():
        jobs.append(DailyJob(month, COMPLETE, grains.days_of(month)))
        counted = count_days(jobs[-1], frames_of(texts), left_out, groups)
        parts.append([rows.with_columns(job=pl.lit(month)).collect() for rows in counted])

    counts, hits = map(pl.concat, zip(*parts, strict=True))
    return judge_days(jobs, counts, hits, groups=groups)


def test_a_sentence_with_two_terms_counts_once_for_the_keyword() -> None:
    texts: list[Text] = [("2020-03-01", "Post", ("fog", "mist")), ("2020-03-02", "Post", ())]
    month = count({"2020-03": texts})
    rows = fold(month, Grain.MONTH, SUBJECTS).select("term", "documents", "matched", "mentions")
    assert rows.rows() == [(None, 2, 1, 1), ("fog", 2, 1, 1), ("mist", 2, 1, 1)]


def test_a_week_across_two_months_has_the_days_of_both() -> None:
    march: list[Text] = [("2020-03-30", "Post", ("fog",)), ("2020-03-31", "Post", ())]
    april: list[Text] = [("2020-04-01", "Post", ("fog",))]
    weeks = fold(count({"2020-03": march, "2020-04": april}), Grain.WEEK, SUBJECTS[:1])
    (week,) = weeks.filter(pl.col("period") == "2020-W14").to_dicts()
    assert (week["documents"], week["matched"], week["job"]) == (3, 2, None)
    assert week["state"] == "complete"


def test_a_group_without_a_document_is_a_gap_among_outlets_and_a_zero_among_sections() -> None:
    texts: list[Text] = [("2020-03-05", "Post", ("fog",))]
    for grouping, expected in ((Grouping.OUTLET, None), (Grouping.SECTION, 0)):
        groups = Groups(grouping, ["Sun"])
        rows = fold(count({"2020-03": texts}, groups), Grain.YEAR, SUBJECTS[:1], groups)
        (sun,) = rows.filter(pl.col("group") == "Sun").to_dicts()
        assert (sun["documents"], sun["matched"]) == (0, expected)


def test_a_year_of_which_an_outlet_has_a_part_is_cut_off() -> None:
    groups = Groups(Grouping.OUTLET, ["Post"])
    january: list[Text] = [("2020-01-02", "Post", ("fog",))]
    february: list[Text] = [("2020-02-02", "Sun", ())]
    months = count({"2020-01": january, "2020-02": february}, groups)
    rows = fold(months, Grain.YEAR, SUBJECTS[:1], groups)
    (post,) = rows.filter(pl.col("group") == "Post").to_dicts()
    assert (post["documents"], post["matched"], post["cut_off"]) == (1, 1, True)


@given(st.lists(st.tuples(st.integers(1, 31), st.sampled_from(["", "Post"]), st.booleans())))
def test_every_grain_has_the_sums_of_the_days(documents: list[tuple[int, str, bool]]) -> None:
    texts: list[Text] = []
    for day, outlet, is_match in documents:
        texts.append((f"2020-03-{day:02}", outlet, ("fog",) if is_match else ()))

    sums = set()
    for grain in Grain:
        rows = fold(count({"2020-03": texts}), grain, SUBJECTS[:1])
        sums.add(rows.select(pl.col("documents", "matched", "scored", "total").sum()).row(0))

    assert len(sums) == 1
    assert next(iter(sums))[:2] == (len(texts), sum(is_match for *_, is_match in documents))


def test_documents_that_are_left_out_are_none_and_leave_their_day_a_zero() -> None:
    texts: list[Text] = [("2020-03-01", "Post", ("fog",)), ("2020-03-02", "Post", ())]
    month = count({"2020-03": texts}, left_out=[0])
    rows = fold(month, Grain.DAY, SUBJECTS[:1]).head(2)
    assert rows.select("documents", "matched").rows() == [(0, 0), (1, 0)]


def test_frames_survive_their_way_through_bytes() -> None:
    frames = frames_of([("2020-03-01", "Post", ("fog", "mist"))])
    again = Frames.from_bytes(frames.to_bytes())
    assert again is not None
    assert again.documents.equals(frames.documents)
    assert again.mentions.equals(frames.mentions)

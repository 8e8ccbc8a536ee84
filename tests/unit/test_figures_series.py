"""Pictures of mentions, shares and polarity: their marks are the rows, and gaps are no zeros."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.enums import Grain
from reports.data.tables.periods import PeriodRow
from reports.figures import over_time, style
from reports.figures.entities import TopNames, entities_spec
from reports.figures.period_marks import mark_counts, mark_means, mark_shares
from reports.figures.spec import Subject
from tests.figures_kit import areas, chart, draw, lines, shapes, texts, values


def row(
    period: str,
    mentions: int | None,
    *,
    documents: int = 100,
    mean: float | None = None,
    term: str | None = None,
) -> PeriodRow:
    share = None if mentions is None else mentions / documents
    bounds = (None, None) if mean is None or (mentions or 0) < 2 else (mean - 0.1, mean + 0.1)
    state = "no-data" if mentions is None else "complete"
    return PeriodRow(
        1, period, None, "covid", term, state, documents, mentions, mentions, share,
        None if share is None else max(0.0, share - 0.02),
        None if share is None else share + 0.02, mean, *bounds, period,
    )  # fmt: skip


def day(text: str) -> float:
    return float((date.fromisoformat(text) - date(1970, 1, 1)).days)


ROWS = [
    row("2019-12", 3, mean=0.5),
    row("2020-01", None),
    row("2020-02", 0),
    row("2020-03", 12, mean=-0.25),
    row("2020-04", 40, mean=0.1),
]
SPAN = style.Range("2019-12", "2020-04")
SUBJECT = Subject("covid", "covid", SPAN)


def test_each_counted_period_has_a_mark_with_the_id_of_its_cell_and_says_its_row() -> None:
    counts = mark_counts(ROWS, "mention")
    assert values(counts) == [("2019-12", 3), ("2020-02", 0), ("2020-03", 12), ("2020-04", 40)]
    assert counts[2].row == "periods.mentions.2020-03.covid"
    assert [mark.is_few for mark in counts] == [True, True, False, False]
    shares = mark_shares(ROWS)
    assert shares[2].title == "March 2020: 12 of 100 documents, 12.0 %"
    assert (shares[2].n, shares[2].row) == (12, "periods.share.2020-03.covid")
    assert (shares[2].low, shares[2].high) == (pytest.approx(0.1), pytest.approx(0.14))
    means = mark_means(ROWS, "mention")
    assert values(means) == [("2019-12", 0.5), ("2020-03", -0.25), ("2020-04", 0.1)]
    assert means[1].title == "March 2020: mean polarity \u22120.25 of 12 mentions in 12 documents"
    assert mark_counts([row("2020-03", 1, term="a virus")], "post")[0].row == (
        "periods.mentions.2020-03.covid.a-virus"
    )


def test_marks_of_bulk_days_and_cut_off_months_are_in_every_picture_of_months() -> None:
    span = style.Range("2019-12", "2020-04", bulk=("2020-02",))
    rows = [replace(ROWS[0], cut_off=True), *ROWS[1:]]
    subject = Subject("covid", "covid", span, noun="post")
    by_term = {"a": rows, "b": rows}
    specs = [
        over_time.posts_spec(subject, rows, posts=55),
        over_time.polarity_spec(subject, rows),
        over_time.terms_spec(subject, by_term, rows),
        over_time.lines_spec(by_term, span=span, column="share"),
    ]
    for spec in specs:
        assert (chart(spec).cut_off, chart(spec).bulk) == (["2019-12"], ("2020-02",))
        written = texts(draw(spec))
        assert {"†", "first or last days missing", "with a bulk day"} <= set(written)


def test_no_line_joins_the_means_of_gaps_of_months_without_a_mention_and_of_few() -> None:
    span = style.Range("2019-12", "2020-07")
    more = [row("2020-05", 1, mean=0.9), row("2020-06", 9, mean=0.2), row("2020-07", 8, mean=0.3)]
    spec = over_time.polarity_spec(Subject("covid", "covid", span), [*ROWS, *more])
    root = draw(spec)
    joined = [line for line in lines(root, style.BLUE) if line.width > 0]
    assert len(joined) == 2
    dots = shapes(root, "periods.polarity_mean.")
    assert joined[0].left == pytest.approx(dots[1].middle, abs=0.01)
    assert chart(spec).gaps == ["2020-01"]
    assert spec is not None
    assert "Small faint dots: n < 5." in spec.caption


def test_the_axis_of_means_is_even_and_the_interval_of_few_does_not_widen_it() -> None:
    few = replace(row("2020-05", 2, mean=0.1), polarity_low=-1.0, polarity_high=1.0)
    assert over_time.find_reach([*ROWS[3:], few]) == pytest.approx(1.15 * 0.35)
    assert over_time.find_reach([row("2020-05", 9, mean=0.0)]) == pytest.approx(0.115)
    assert over_time.find_reach([]) == 0.1
    axis = chart(over_time.polarity_spec(SUBJECT, ROWS)).values
    assert (axis.low, axis.high) == (pytest.approx(-0.575), pytest.approx(0.575))


def test_a_subject_without_a_mean_has_no_picture_of_polarity() -> None:
    assert over_time.polarity_spec(SUBJECT, [row("2020-01", 4), row("2020-02", None)]) is None


def test_terms_have_a_line_each_and_one_for_all_together() -> None:
    by_term = {
        "virus": [row("2020-01", 60, term="virus"), row("2020-02", 5, term="virus")],
        "covid": [row("2020-01", 0, term="covid"), row("2020-02", 25, term="covid")],
    }
    together = [row("2020-01", 60), row("2020-02", 28)]
    subject = Subject("covid", "covid", style.Range("2020-01", "2020-02"))
    spec = over_time.terms_spec(subject, by_term, together)
    virus, covid, both = chart(spec).layers
    assert [values(layer.marks) for layer in (virus, covid, both)] == [
        [("2020-01", 60), ("2020-02", 5)],
        [("2020-01", 0), ("2020-02", 25)],
        [("2020-01", 60), ("2020-02", 28)],
    ]
    assert covid.marks[1].title == "February 2020: 25 mentions in 25 documents"
    assert spec is not None
    assert spec.name == "covid-terms"
    written = set(texts(draw(spec)))
    assert {"The words for covid", "virus", "covid", "together, a sentence once"} <= written
    assert over_time.terms_spec(subject, {"virus": by_term["virus"]}, together) is None


def test_compared_lines_break_at_gaps_and_have_their_names() -> None:
    spec = over_time.lines_spec({"covid": ROWS, "fog": ROWS[:1]}, span=SPAN, column="share")
    covid, fog = chart(spec).layers
    assert values(covid.marks) == [
        ("2019-12", 0.03),
        ("2020-01", None),
        ("2020-02", 0.0),
        ("2020-03", 0.12),
        ("2020-04", 0.4),
    ]
    assert [mark.value for mark in fog.marks] == [0.03, None, None, None, None]
    assert (covid.name, fog.name) == ("covid", "fog")
    assert covid.color != fog.color
    assert spec is not None
    assert spec.name == "compared-share"


def test_posts_of_which_every_one_counts_have_no_share_to_compare() -> None:
    posts = [replace(row("2020-01", 9), share=1.0)]
    assert over_time.lines_spec({"@a": posts}, span=SPAN, column="share") is None
    assert over_time.lines_spec({"@a": posts}, span=SPAN, column="mentions") is not None


def test_names_are_bars_of_one_scale_with_their_counts() -> None:
    top = TopNames({"PERSON": [("Biden", 88), ("Fauci", 3)], "ORG": [("NASA", 3)]}, 0)
    spec = entities_spec(SUBJECT, top, unit="documents")
    people, organisations = chart(spec), chart(spec, 1)
    assert (people.title, organisations.title) == ("People", "Organisations")
    assert people.values.high == organisations.values.high
    root = draw(spec)
    widths = [bar.width for bar in shapes(root, "entities.")]
    assert widths[1] == widths[2] == pytest.approx(widths[0] * 3 / 88, abs=0.02)
    assert {"88", "3", "Biden", "NASA"} <= set(texts(root))


@pytest.mark.parametrize(("first", "last", "labels"), [
    ("2020-01", "2021-12", ["Jan\n2020", "Apr", "Jul", "Oct", "Jan\n2021", "Apr", "Jul", "Oct"]),
    ("2020-11", "2021-02", ["Nov\n2020", "Dec", "Jan\n2021", "Feb"]),
    ("2001-01", "2012-12", [str(year) for year in range(2001, 2013)]),
])  # fmt: skip
def test_ticks_name_as_many_months_as_have_room(first: str, last: str, labels: list[str]) -> None:
    assert [label for _, label in style.ticks(style.Range(first, last))] == labels


def test_a_run_of_nothing_but_gaps_can_be_drawn() -> None:
    subject = Subject("x", "x", style.Range("2020-01", "2020-01"), noun="post")
    spec = over_time.posts_spec(subject, [row("2020-01", None)], posts=0)
    assert len(areas(draw(spec), "url(#gap)")) == 2  # the chart and the legend
    assert subject.span.grain == Grain.MONTH

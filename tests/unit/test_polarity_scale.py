"""Every mood says on which scale it is."""

from __future__ import annotations

import pytest

from analysis.kinds.months import list_months
from reports.data.tables.periods import PeriodRow
from reports.figures import accounts, comparison, polarity, scatter, style
from reports.figures.spec import FigureSpec, Subject
from reports.findings.highlights import Highlight
from reports.findings.polarity_scale import mark_polarities
from reports.words.scales import UNCHECKED, scale_note

SPAN = style.Range("2020-01", "2021-06")
SUBJECT = Subject("“tide”", "tide", SPAN)
ROWS = [
    PeriodRow(
        1, period, None, "tide", None, "complete", 9, 9, 9, 1.0, 0.7, 1.0, -0.1, -0.3, 0.1, period
    )
    for period in list_months("2020-01", "2021-06")
]
MONTHS = [scatter.of_month(row, [(3, -0.1), (4, 0.2)]) for row in ROWS]
ACCOUNT = accounts.Account("@ann", 9, 9, -0.1, -0.3, 0.1)


def test_below_fifty_labels_nobody_checked_the_engine() -> None:
    assert UNCHECKED == "on the engine's scale; not checked against readers"
    assert scale_note(0) == scale_note(49) == UNCHECKED
    assert scale_note(1050) == "on the engine's scale, which 1,050 labels of readers correct"


@pytest.mark.parametrize(
    "spec",
    [
        polarity.overall_spec(SUBJECT, ROWS),
        *polarity.year_specs(SUBJECT, ROWS),
        scatter.month_spec(SUBJECT, MONTHS[0]),
        scatter.sheet_spec(SUBJECT, MONTHS),
        accounts.means_spec([ACCOUNT]),
        accounts.polarity_spec(["@ann"], SPAN, [[0.1] * len(SPAN)], [[]], [[]]),
        comparison.lines_spec({"tide": ROWS}, span=SPAN, column="polarity_mean"),
    ],
    ids=lambda spec: spec.name,
)
def test_the_caption_of_a_figure_of_polarity_names_the_scale(spec: FigureSpec | None) -> None:
    assert spec is not None
    assert spec.caption.endswith(f"Polarity is {UNCHECKED}.")


def test_captions_say_how_many_labels_correct_the_scale() -> None:
    note = scale_note(80)
    specs = (
        polarity.overall_spec(SUBJECT, ROWS, scale=note),
        *polarity.year_specs(SUBJECT, ROWS, scale=note),
        scatter.month_spec(SUBJECT, MONTHS[0], scale=note),
        scatter.sheet_spec(SUBJECT, MONTHS, scale=note),
    )
    for spec in specs:
        assert spec is not None
        assert spec.caption.endswith(f"Polarity is {note}.")


def test_sentences_about_moods_carry_the_scale_and_others_do_not() -> None:
    share = Highlight("share", ("peak", "2020-05"), "“tide” stood out most in May.")
    mood = Highlight("mood", ("moved",), "The mood around “tide” moved.")
    marked = Highlight("mood", ("moved",), f"The mood around “tide” moved ({UNCHECKED}).")
    assert mark_polarities([share, mood], UNCHECKED) == [share, marked]


def test_a_keyword_called_mood_gives_no_scale_to_sentences_about_shares_and_documents() -> None:
    highlights = [
        Highlight("share", ("peak", "2020-05"), "“mood” stood out most in May 2020."),
        Highlight("wording", ("gained", "mood"), "Of the words for it “mood” gained most."),
        Highlight("groups", ("more", "mood", "tide"), "mood mentions “tide” more than tide."),
        Highlight("subjects", ("overtakes", "mood", "tide", "2020-05"), "“mood” overtook “tide”."),
        Highlight("trend", ("trend", "share", "up"), "The share of “mood” rises."),
    ]
    assert mark_polarities(highlights, UNCHECKED) == highlights


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("mood", ("no change shown", "mood")),
        ("mood", ("higher", "2020-05", "2020-06")),
        ("trend", ("trend", "mood", "up")),
        ("trend", ("step", "mood", "down", "2020-05")),
        ("groups", ("no difference shown", "mood")),
        ("groups", ("differ", "mood")),
        ("groups", ("higher", "Gazette", "Herald")),
        ("subjects", ("higher mood", "tide", "ebb")),
    ],
)
def test_every_claim_about_a_mood_carries_the_scale(kind: str, claim: tuple[str, ...]) -> None:
    (marked,) = mark_polarities([Highlight(kind, claim, "It moved.")], UNCHECKED)
    assert marked.text == f"It moved ({UNCHECKED})."


def test_the_scale_stands_in_the_brackets_that_a_sentence_ends_with() -> None:
    mood = Highlight("mood", ("moved",), "The mood moved (4 months compared).", "A note.")
    (marked,) = mark_polarities([mood], UNCHECKED)
    assert marked.text == f"The mood moved (4 months compared; {UNCHECKED})."
    assert marked.note == "A note."

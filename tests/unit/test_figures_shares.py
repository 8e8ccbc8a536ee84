"""The picture of a front page shows the shares, their repeated part, and the marks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.figures import style
from reports.figures.shares import SharePanel, has_one_scale, shares_spec
from tests.figures_kit import areas, chart, draw, shapes, texts, titles, values
from tests.unit.test_figures_series import row

SPAN = style.Range("2020-01", "2020-04", bulk=("2020-03",))
ROWS = [
    row("2020-01", 2),
    row("2020-02", None),
    row("2020-03", 20),
    replace(row("2020-04", 30), cut_off=True),
]
PANEL = SharePanel("covid", ROWS, {"2020-01": 0.02, "2020-03": 0.25, "2020-04": 0.0})


def panel(name: str, *mentions: int) -> SharePanel:
    rows = [row(f"2020-{month:02}", n, documents=1000) for month, n in enumerate(mentions, 1)]
    return SharePanel(name, [replace(each, keyword=name) for each in rows], {})


def test_a_pale_bar_is_the_share_and_a_narrow_one_before_it_that_without_repeats() -> None:
    every, distinct = chart(shares_spec([PANEL], SPAN)).layers
    assert values(every.marks) == [("2020-01", 0.02), ("2020-03", 0.2), ("2020-04", 0.3)]
    assert values(distinct.marks) == [("2020-01", 0.02), ("2020-03", 0.25), ("2020-04", 0.0)]
    root = draw(shares_spec([PANEL], SPAN))
    pale, narrow = shapes(root, "periods.share.2020-03.covid")
    assert narrow.width < pale.width
    assert narrow.middle == pytest.approx(pale.middle, abs=0.1)
    assert narrow.height > pale.height
    said = titles(root)["periods.share.2020-03.covid.distinct"]
    assert said == "March 2020: 20 of 100 documents, 20.0 %, 25.0 % without repeats"


def test_a_label_stands_above_the_higher_bar_and_is_the_share_of_all() -> None:
    every, distinct = chart(shares_spec([PANEL], SPAN)).layers
    assert [mark.label for mark in every.marks] == ["2.0 %", "", "30.0 %"]
    assert [mark.label for mark in distinct.marks] == ["", "20.0 %", ""]


def test_gaps_bulk_days_and_cut_off_months_are_marked_where_they_are() -> None:
    drawn = chart(shares_spec([PANEL], SPAN))
    assert (drawn.gaps, drawn.cut_off, drawn.bulk) == (["2020-02"], ["2020-04"], ["2020-03"])


def test_the_peak_is_a_whole_month_and_the_alternative_text_names_it() -> None:
    assert PANEL.peak is ROWS[2]
    spec = shares_spec([PANEL], SPAN)
    assert spec is not None
    assert "covid most in March 2020, 20.0 %." in spec.alt
    assert spec.caption.startswith("Of 400 documents in all.")


def test_the_legend_has_the_signs_that_are_drawn_and_no_others() -> None:
    meanings = {
        "share of all documents",
        "without repeats",
        "no data (not zero)",
        "first or last days missing",
        "with a bulk day",
    }
    assert meanings <= set(texts(draw(shares_spec([PANEL], SPAN))))
    calm = draw(shares_spec([panel("calm", 1, 2)], style.Range("2020-01", "2020-02")))
    assert not meanings & set(texts(calm))
    assert len(areas(calm, style.BLUE)) == 2


def test_a_rare_subject_beside_a_common_one_has_a_scale_of_its_own() -> None:
    assert has_one_scale([panel("a", 100), panel("b", 30)])
    assert not has_one_scale([panel("a", 200), panel("b", 1)])
    assert has_one_scale([panel("a", 200), panel("never", 0)])
    rare, common = panel("b", 1), panel("a", 200)
    spec = shares_spec([rare, common], style.Range("2020-01", "2020-01"))
    assert chart(spec).values.high == pytest.approx(0.00118)
    assert spec is not None
    assert spec.picture.title.endswith("(scales differ)")


def test_a_run_without_a_counted_month_has_no_picture() -> None:
    assert shares_spec([SharePanel("nothing", [row("2020-01", None)], {})], SPAN) is None


@pytest.mark.parametrize("subjects", [1, 2, 3, 4, 7, 10])
def test_any_number_of_subjects_has_a_panel_each_with_its_own_ids(subjects: int) -> None:
    panels = [panel(f"subject {number}", 100, 200, 50, 0) for number in range(subjects)]
    root = draw(shares_spec(panels, SPAN))
    assert len(titles(root)) == 4 * subjects
    assert len({bar.left for bar in shapes(root, "periods.share.2020-01")}) == (
        2 if subjects > 4 else 1
    )

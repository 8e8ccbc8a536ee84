"""Groups drawn side by side: gaps are no zeros, and every group has one scale."""

from __future__ import annotations

import pytest

from reports.figures import groups, style
from reports.figures.groups import GroupPanel, mark_share
from reports.figures.marks import Mark
from tests.figures_kit import areas, chart, draw, heat, lines, shapes, texts, values

SPAN = style.Range("2020-03", "2020-05")


def share(group: str, period: str, value: float, n: int = 100) -> Mark:
    counts = round(value * n), n
    return mark_share(group, period, counts, value, value / 2, min(1.0, value * 2))


POST = tuple(share("Post", f"2020-0{month}", n) for month, n in ((3, 0.1), (4, 0.3), (5, 0.0)))
PANELS = (
    GroupPanel("Post", POST, (), ()),
    GroupPanel("Sun", (share("Sun", "2020-04", 0.2),), ("2020-03",), ("2020-04",)),
    GroupPanel("Echo", (share("Echo", "2020-03", 1.0, n=1),), (), ()),
)


def test_a_heat_map_tells_zero_no_document_and_no_data_apart() -> None:
    spec = groups.series_spec("fog", "fog", PANELS, SPAN, most=2)
    panel = heat(spec)
    assert [mark.value for mark in panel.rows["Post"]] == [0.1, 0.3, 0.0]
    assert panel.high == 0.3  # not that of one document of one
    assert [mark.label for mark in panel.rows["Echo"]] == ["·"]
    root = draw(spec)
    zero = shapes(root, "groups.share.2020-05.Post")[0]
    assert zero.look["fill"] == style.BLUES[0]
    assert len(areas(root, "url(#gap)")) == 2  # a gap, and the legend
    assert {"0 %", "no document of it", "no data"} <= set(texts(root))


def test_panels_have_one_scale_and_break_where_there_is_no_data() -> None:
    spec = groups.series_spec("fog", "fog", PANELS, SPAN, most=3)
    assert [chart(spec, number).values.high for number in range(3)] == [pytest.approx(0.63)] * 3
    assert values(chart(spec, 1).layers[0].marks) == [
        ("2020-03", None),
        ("2020-04", 0.2),
        ("2020-05", None),
    ]
    assert (chart(spec, 1).gaps, chart(spec, 1).cut_off) == (("2020-03",), ("2020-04",))
    assert len([line for line in lines(draw(spec), style.VERMILLION) if line.width > 0]) == 1


def test_more_groups_than_fit_side_by_side_are_a_heat_map() -> None:
    few = groups.series_spec("fog", "fog", PANELS, SPAN, most=3)
    many = groups.series_spec("fog", "fog", PANELS, SPAN, most=2)
    assert few is not None
    assert many is not None
    assert (few.name, many.name) == ("groups-fog-series", "groups-fog-heat")
    month = style.Range("2020-03", "2020-03")
    assert groups.series_spec("fog", "fog", PANELS, month, most=3) is None


def test_totals_are_dots_with_their_intervals_and_say_their_documents() -> None:
    shares = [share("Post", "", 0.25), share("Echo", "", 1.0, n=1)]
    spec = groups.totals_spec("fog", "fog", shares)
    assert shares[0].title == "Post: 25 of 100 documents, 25.0 %"
    assert shares[0].row == "groups.share.Post"
    assert spec is not None
    assert "fewer than 30 documents" in spec.caption
    assert len(shapes(draw(spec), "groups.share.")) == 4


def test_all_documents_and_the_fixed_panel_are_a_line_each_and_break_at_a_gap() -> None:
    of_panel = [share("panel", "2020-03", 0.1), share("panel", "2020-05", 0.12)]
    spec = groups.panel_spec("fog", "fog", POST, of_panel, SPAN)
    every, panel = chart(spec).layers
    assert [mark.value for mark in every.marks] == [0.1, 0.3, 0.0]
    assert [mark.value for mark in panel.marks] == [0.1, None, 0.12]
    assert (every.name, panel.name) == ("all documents", "fixed panel")
    assert spec is not None
    assert spec.name == "groups-fog-panel"
    assert groups.panel_spec("fog", "fog", POST, [], SPAN) is None

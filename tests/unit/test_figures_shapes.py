"""The shapes of pictures: read from the SVG, so that a wrong place, height or colour fails."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.figures import style
from reports.figures.heat import find_shade
from reports.figures.marks import WIDTH, Axis, Chart, Heat, Layer, Mark, Picture
from reports.figures.panels import SEPARATOR, draw_picture
from reports.figures.shapes import draw_bars, draw_dots, draw_line
from reports.figures.sheet import HATCHED, measure
from reports.words.document_queries import DocumentQuery
from tests.figures_kit import SVG, areas, draw, lines, shapes, texts

SPAN = style.Range("2020-01", "2020-04")


def mark(position: str | float, value: float | None, **more: object) -> Mark:
    return Mark(position=position, value=value, row=f"r.{position}", **more)  # type: ignore[arg-type]


def months(*numbers: float | None) -> list[Mark]:
    return [mark(period, number) for period, number in zip(SPAN, numbers, strict=True)]


def chart_of(*layers: Layer, **more: object) -> Chart:
    return Chart(layers=layers, **{"span": SPAN, **more})  # type: ignore[arg-type]


@given(st.lists(st.integers(1, 1000), min_size=4, max_size=4))
@settings(max_examples=20, deadline=None)
def test_bars_are_as_high_as_their_values_in_the_order_of_their_months(heights: list[int]) -> None:
    bars = shapes(draw(chart_of(Layer(draw=draw_bars, marks=months(*heights)))), "r.")
    unit = max(bar.height for bar in bars) / max(heights)
    assert [bar.height for bar in bars] == pytest.approx([unit * n for n in heights], abs=0.11)
    assert len({bar.bottom for bar in bars}) == 1
    assert [bar.left for bar in bars] == sorted(bar.left for bar in bars)
    # January has 31 days and February 29.
    assert bars[0].width / bars[1].width == pytest.approx(31 / 29, abs=0.01)


def test_a_true_zero_is_a_ring_and_a_period_without_data_is_nothing() -> None:
    root = draw(chart_of(Layer(draw=draw_bars, marks=months(3, 0, None, 5))))
    assert [ring.tag for ring in root.iter(f"{SVG}circle")] == [f"{SVG}circle"]
    (ring,) = shapes(root, "r.2020-02")
    (bar,) = shapes(root, "r.2020-01")
    assert (ring.look["fill"], (ring.top + ring.bottom) / 2) == ("#fff", bar.bottom)
    assert shapes(root, "r.2020-03") == []


def test_bars_of_few_are_faint() -> None:
    marks = [mark("2020-01", 3, is_few=True), mark("2020-02", 9)]
    few, many = shapes(draw(chart_of(Layer(draw=draw_bars, marks=marks))), "r.")
    assert (few.look["opacity"], many.look.get("opacity")) == (str(style.FAINT), None)


def test_bars_in_rows_go_to_both_sides_of_zero() -> None:
    marks = [mark("a", 20), mark("b", -10)]
    layers = [Layer(draw=draw_bars, marks=marks)]
    root = draw(Chart(layers=layers, names=["a", "b"]))
    more, less = shapes(root, "r.")
    assert more.width == pytest.approx(2 * less.width, abs=0.1)
    assert less.right == more.left
    assert less.top > more.bottom
    assert {"a", "b", "\u221210", "20"} <= set(texts(root))


def test_a_line_breaks_where_a_value_is_missing_or_of_few() -> None:
    marks = [*months(1, 2, None, 4), mark("2020-05", 9, is_few=True), mark("2020-06", 1)]
    span = style.Range("2020-01", "2020-06")
    root = draw(Chart(layers=[Layer(draw=draw_line, marks=marks, color="#123456")], span=span))
    drawn = lines(root, "#123456")
    assert [line.width > 0 for line in drawn] == [True, False, False]
    dots = shapes(root, "r.")
    assert len(dots) == 5
    assert [dot.look.get("opacity") for dot in dots] == [None, None, None, str(style.FAINT), None]
    assert dots[3].width < dots[0].width


def test_the_band_of_a_line_is_that_of_its_intervals() -> None:
    marks = [mark("2020-01", 2, low=1, high=3), mark("2020-02", 2, low=0, high=4)]
    root = draw(chart_of(Layer(draw=draw_line, marks=marks, color="#123456")))
    band = next(area for area in areas(root, "#123456") if "opacity" in area.look)
    first, second = shapes(root, "r.")
    assert (band.left, band.right) == pytest.approx((first.middle, second.middle), abs=0.01)
    height = lines(root, style.MUTED)[0].top  # the line at zero
    assert band.bottom == pytest.approx(height)
    assert (band.bottom - band.top) / 4 == pytest.approx(height - (first.top + first.bottom) / 2 - (
        band.bottom - band.top) / 4, abs=0.2)  # fmt: skip


def test_a_dot_has_the_line_of_its_interval_and_is_hollow_if_it_is_of_few() -> None:
    marks = [mark("a", 0.2, low=0.1, high=0.3), mark("b", 0.3, low=-9, high=9, is_few=True)]
    root = draw(Chart(layers=[Layer(draw=draw_dots, marks=marks)], names=["a", "b", "silent"]))
    line, dot, cut, hollow = shapes(root, "r.")
    assert line.middle == pytest.approx(dot.middle, abs=0.1)
    assert line.width == pytest.approx(2 * (dot.middle - line.left), abs=0.2)
    assert hollow.look["fill"] == "#fff"
    # The interval of few ends at the edges.
    assert cut.right <= WIDTH
    assert "silent" in texts(root)


def test_gaps_are_hatched_from_the_first_day_to_the_last_as_one_stretch() -> None:
    layer = Layer(draw=draw_bars, marks=[mark("2020-01", 3), mark("2020-04", 1)])
    root = draw(chart_of(layer, gaps=["2020-02", "2020-03"]))
    gap, _ = areas(root, HATCHED)  # the other one is in the legend
    first, last = shapes(root, "r.")
    days = (last.middle - first.middle) / (31 / 2 + 29 + 31 + 30 / 2)
    assert gap.left == pytest.approx(first.middle + 15.5 * days, abs=0.05)
    assert gap.width == pytest.approx(60 * days, abs=0.1)
    assert "no data (not zero)" in texts(root)


def test_signs_are_drawn_at_their_periods_and_explained_only_where_they_are() -> None:
    layer = Layer(draw=draw_bars, marks=months(1, 2, 3, 4))
    plain = draw(chart_of(layer))
    signed = draw(chart_of(layer, bulk=["2020-02"], cut_off=["2020-04"]))
    bars = shapes(signed, "r.")
    (triangle,) = areas(signed, style.VERMILLION)
    assert triangle.middle == pytest.approx(bars[1].middle, abs=0.02)
    (dagger, _) = [text for text in signed.iter(f"{SVG}text") if text.text == style.CUT_OFF]
    assert float(dagger.attrib["x"]) == pytest.approx(bars[3].middle, abs=0.02)
    meanings = {"first or last days missing", "with a bulk day"}
    assert meanings <= set(texts(signed))
    assert not meanings & set(texts(plain))
    assert areas(plain, style.VERMILLION) == []


def test_the_legend_has_each_name_once_with_its_colour() -> None:
    marks = months(1, 2, 3, 4)
    layers = [
        Layer(draw=draw_line, marks=marks, name=name, color=color)
        for name, color in (("fog", "#111111"), ("rain", "#222222"), ("", "#333333"))
    ]
    root = draw(Picture(panels=[chart_of(*layers), chart_of(*layers)]))
    assert [text for text in texts(root) if text in {"fog", "rain"}] == ["fog", "rain"]
    assert len([area for area in areas(root, "#111111") if area.width > 5]) == 1


def test_panels_of_a_column_have_one_axis_of_dates_below_the_last() -> None:
    layer = Layer(draw=draw_bars, marks=months(1, 2, 3, 4))
    root = draw(Picture(panels=[chart_of(layer, title="a"), chart_of(layer, title="b")]))
    assert texts(root).count("2020") == 1
    first, second = (shapes(root, f"r.{period}") for period in ("2020-01", "2020-01"))
    assert first[0].left == second[1].left


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_panels_stand_in_their_columns_and_no_two_overlap(columns: int) -> None:
    layer = Layer(draw=draw_bars, marks=months(1, 2, 3, 4))
    panels = [chart_of(layer, title=f"panel {number}") for number in range(5)]
    root = draw(Picture(panels=panels, columns=columns, title="five of them"))
    bars = shapes(root, "r.2020-01")
    assert len({round(bar.left) for bar in bars}) == columns
    assert len({round(bar.bottom) for bar in bars}) == -(-5 // columns)
    assert max(bar.right for bar in shapes(root, "r.")) < WIDTH


@pytest.mark.parametrize(
    "more",
    [{"notes": {"2020-02": "a strike"}}, {"bulk": ["2020-02"]}, {"title": "a long title " * 9}],
    ids=["notes", "signs", "title"],
)
def test_charts_of_a_line_stand_at_one_height_whatever_is_written_above_one(
    more: dict[str, object],
) -> None:
    layer = Layer(draw=draw_bars, marks=months(1, 2, 3, 4))
    beside = chart_of(layer, **{"title": "a", **more})
    # The line below takes no more room than it needs.
    panels = [chart_of(layer, title="a"), beside, chart_of(layer, title="c")]
    root = draw(Picture(panels=panels, columns=2))
    first, second, third = (bar.bottom for bar in shapes(root, "r.2020-04"))
    assert first == second
    (alone,) = (bar.bottom for bar in shapes(draw(beside), "r.2020-04"))
    assert third - first < alone + 40


def rows_of(cells: Sequence[Sequence[float | None]]) -> dict[str, list[Mark]]:
    rows = {}
    for number, line in enumerate(cells):
        name = "abc"[number]
        rows[name] = [
            Mark(position=period, value=cell, label=f"{cell}", row=f"{name}.{period}")
            for period, cell in zip(SPAN, line, strict=False)
        ]

    return rows


def test_cells_of_a_heat_chart_have_their_shade_and_blank_ones_none() -> None:
    panel = Heat(
        rows=rows_of([[0, None, 5, 10]]),
        columns=dict.fromkeys(SPAN, ""),
        high=10,
        gaps={"a": ["2020-02"]},
    )
    root = draw(panel)
    assert [cell.look["fill"] for cell in shapes(root, "a.")] == [
        style.BLUES[0],
        style.BLUES[2],
        style.BLUES[4],
    ]
    (gap,) = areas(root, HATCHED)
    first, third, _ = shapes(root, "a.")
    assert (gap.left, gap.right) == pytest.approx((first.right, third.left), abs=0.02)
    assert {"0", "5", "10"} <= set(texts(root))


def test_a_shade_lies_between_its_neighbours_and_beyond_the_ends_is_the_last() -> None:
    panel = Heat(rows={}, columns={}, shades=("#000000", "#ffffff"))
    assert [find_shade(panel, part) for part in (0, 0.5, 1)] == ["#000000", "#808080", "#ffffff"]


def test_a_label_of_a_cell_is_left_out_where_it_has_no_room() -> None:
    span = style.Range("2000-01", "2019-12")
    rows = {"a": [Mark(position=period, value=1, label="123456") for period in span]}
    root = draw(Heat(rows=rows, columns=dict.fromkeys(span, "")))
    assert "123456" not in texts(root)


def test_the_small_print_is_broken_between_its_parts_and_below_all() -> None:
    layer = Layer(draw=draw_bars, marks=months(1, 2, 3, 4))
    parts = ["Source: The New York Times", "as of 2026-11-26", "Tidings, run 1 " + "x" * 60]
    root = draw(chart_of(layer), note=SEPARATOR.join(parts))
    assert texts(root)[-2:] == [SEPARATOR.join(parts[:2]), parts[2]]
    heights = [float(text.attrib["y"]) for text in root.iter(f"{SVG}text")]
    assert max(heights) == heights[-1] < float(root.attrib["height"])


def test_equal_data_make_equal_bytes() -> None:
    def drawn() -> bytes:
        layer = Layer(draw=draw_line, marks=months(1, 2, None, 4))
        return draw_picture(Picture(panels=[chart_of(layer)]), "a note").to_svg()

    assert drawn() == drawn()


@pytest.mark.parametrize("low", [-1.0, 0.0, 1e-9, 1e9])
@pytest.mark.parametrize("room", [1e-6, 1.0, 37.0, 1e7])
def test_an_axis_of_any_length_has_a_few_labels_at_round_numbers(low: float, room: float) -> None:
    axis = Axis(low=low, high=low + room)
    marks = [Mark(position=0, value=low)]
    root = draw(Chart(layers=[Layer(draw=draw_dots, marks=marks)], values=axis, positions=axis))
    assert 4 <= len(texts(root)) <= 16


def test_counts_have_whole_numbers_on_their_axis() -> None:
    layer = Layer(draw=draw_bars, marks=months(1, 2, 0, 1))
    root = draw(chart_of(layer, values=Axis(is_whole=True)))
    assert [text for text in texts(root) if text.isdigit()][:3] == ["0", "1", "2"]
    assert "0.5" not in texts(root)


def test_a_chart_of_nothing_but_gaps_can_be_drawn() -> None:
    assert areas(draw(chart_of(gaps=list(SPAN))), HATCHED)


def test_notes_stand_above_bars_without_touching_another_or_the_label_of_the_highest() -> None:
    bars = [*months(3, 9, 4, 6)]
    bars[1] = mark("2020-02", 9, label="9.3 %")
    notes = {period: f"{period}: a strike" for period in SPAN}
    chart = chart_of(Layer(draw=draw_bars, marks=bars), notes=notes)
    root = draw(chart)
    written = [element for element in root.iter(f"{SVG}text") if element.text in notes.values()]
    # The first matters most.
    assert written[0].text == notes["2020-01"]
    assert len(written) >= 3
    (label,) = (element for element in root.iter(f"{SVG}text") if element.text == "9.3 %")
    boxes = [room_of(element) for element in written]
    assert all(left >= 0 and right <= WIDTH for left, _, right, _ in boxes)
    middle = float(label.attrib["x"])
    y = float(label.attrib["y"])
    boxes.append((middle - 15, y - 9, middle + 15, y))
    for shape_ in shapes(root, "r."):
        boxes.append((shape_.left, shape_.top, shape_.right, shape_.bottom))
    for index, one in enumerate(boxes[: len(written)]):
        assert not any(overlap(one, other) for other in boxes[index + 1 :])


def test_a_note_leads_to_the_documents_of_its_bar_although_it_stands_above_another() -> None:
    find = {period: DocumentQuery(subject="covid", period=period) for period in SPAN}
    bars = [mark(period, 1, documents=find[period]) for period in SPAN]
    picture = Picture(
        panels=[chart_of(Layer(draw=draw_bars, marks=bars), notes={SPAN.last: "a strike begins"})]
    )
    root = ET.fromstring(draw_picture(picture, has_links=True).to_svg())  # noqa: S314 - our own
    links = {link.attrib["href"]: link for link in root.iter(f"{SVG}a") if list(link.itertext())}
    (noted,) = [
        href for href, link in links.items() if "a strike begins" in "".join(link.itertext())
    ]
    assert noted == find[SPAN.last].address


def test_a_note_without_room_is_left_out() -> None:
    full = [mark(period, 100) for period in SPAN]
    notes = dict.fromkeys(SPAN, "a note that is as wide as the half of it")
    root = draw(chart_of(Layer(draw=draw_bars, marks=full), notes=notes))
    assert 0 < sum(text == next(iter(notes.values())) for text in texts(root)) < len(notes)


def room_of(element: ET.Element) -> tuple[float, float, float, float]:
    left, y = float(element.attrib["x"]), float(element.attrib["y"])
    size = float(element.attrib["font-size"])
    return left, y - 0.8 * size, left + measure(element.text or "", size), y


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    is_beside = one[2] <= other[0] or other[2] <= one[0]
    return not is_beside and one[1] < other[3] and other[1] < one[3]

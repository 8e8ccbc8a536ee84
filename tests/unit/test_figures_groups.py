"""Groups drawn side by side: gaps are no zeros, and every group has one scale."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from reports.figures import groups, style
from reports.figures.groups import GroupPanel, Point
from reports.figures.rows import DotRow

SPAN = style.Range("2020-03", "2020-05")


def point(period: str, share: float, n: int = 100) -> Point:
    return Point(period, share, share / 2, min(1.0, share * 2), n)


PANELS = (
    GroupPanel(
        "Post", (point("2020-03", 0.1), point("2020-04", 0.3), point("2020-05", 0.0)), (), ()
    ),
    GroupPanel("Sun", (point("2020-04", 0.2),), ("2020-03",), ("2020-04",)),
    GroupPanel("Echo", (point("2020-03", 1.0, n=1),), (), ()),
)


def test_a_heat_map_tells_zero_no_document_and_no_data_apart() -> None:
    figure = groups.heat_figure("fog", PANELS, SPAN)
    ax = figure.axes[0]
    cells = ax.images[0].get_array()
    assert cells is not None
    values = np.ma.filled(cells, -1.0).tolist()
    assert values == [[0.1, 0.3, 0.0], [-1.0, 0.2, -1.0], [1.0, -1.0, -1.0]]
    assert ax.images[0].get_clim() == (0.0, 0.3)  # not that of one document of one
    gaps = [patch for patch in ax.patches if patch.get_label() == "_gap"]
    (gap,) = gaps
    assert isinstance(gap, Rectangle)
    assert (gap.get_xy(), gap.get_width()) == ((-0.5, 0.5), 1.0)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["0 %, a true zero", "no document of it", "no data"]


def test_panels_have_one_scale_and_break_where_there_is_no_data() -> None:
    figure = groups.panels_figure("fog", PANELS, SPAN)
    scales = {ax.get_ylim() for ax in figure.axes}
    assert len(scales) == 1
    post, sun, _ = figure.axes
    lines = [line for line in post.lines if line.get_label() == "share"]
    assert [list(line.get_ydata()) for line in lines] == [[0.1, 0.3, 0.0]]
    assert [patch.get_label() for patch in sun.patches] == ["_gap"]
    assert style.CUT_OFF in [text.get_text() for text in sun.texts]


def test_more_groups_than_fit_side_by_side_are_a_heat_map() -> None:
    few = groups.series_spec("fog", "fog", PANELS, SPAN, most=3)
    many = groups.series_spec("fog", "fog", PANELS, SPAN, most=2)
    assert few is not None
    assert many is not None
    assert (few.name, many.name) == ("groups-fog-series", "groups-fog-heat")
    month = style.Range("2020-03", "2020-03")
    assert groups.series_spec("fog", "fog", PANELS, month, most=3) is None


def test_mean_polarities_stand_beside_zero_with_few_mentions_hollow() -> None:
    means = [DotRow("Post", -0.4, -0.5, -0.3), DotRow("Sun", 0.1, -1.0, 1.0, is_few=True)]
    figure = groups.polarities_figure("fog", means)
    [ax] = figure.axes
    dots = [line for line in ax.lines if line.get_label() == "_value"]
    assert [dot.get_xdata()[0] for dot in dots] == [-0.4, 0.1]
    assert [dot.get_markerfacecolor() for dot in dots] == [style.BLUE, "white"]
    low, high = ax.get_xlim()
    assert -0.6 < low < -0.5  # the interval of two mentions does not widen it
    assert 0.1 < high < 0.2
    assert [line.get_xdata()[0] for line in ax.lines if line.get_label() == "_zero"] == [0]

    spec = groups.polarities_spec("fog", "fog", means, "on the engine's scale")
    assert spec is not None
    assert "fewer than 5 mentions" in spec.caption
    assert groups.polarities_spec("fog", "fog", means[:1], "") is None


def test_all_documents_and_the_fixed_panel_are_a_line_each_and_break_at_a_gap() -> None:
    of_all = [point("2020-03", 0.1), point("2020-04", 0.02), point("2020-05", 0.03)]
    of_panel = [point("2020-03", 0.1), point("2020-05", 0.12)]
    (ax,) = groups.panel_lines_figure("fog", of_all, of_panel, SPAN).axes
    lines = [list(line.get_ydata()) for line in ax.lines]
    assert lines == [[0.1, 0.02, 0.03], [0.1], [0.12]]
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["all documents", "fixed panel", "_share"]

    spec = groups.panel_spec("fog", "fog", of_all, of_panel, SPAN)
    assert spec is not None
    assert spec.name == "groups-fog-panel"
    assert groups.panel_spec("fog", "fog", of_all, [], SPAN) is None

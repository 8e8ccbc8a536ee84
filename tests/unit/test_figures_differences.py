"""The differences of two keywords as they are drawn."""

from __future__ import annotations

from matplotlib.figure import Figure

from reports.figures import differences, style
from reports.figures.differences import Difference, PairPanel
from reports.figures.spec import FigureSpec
from reports.words.scales import UNCHECKED

SPAN = style.Range("2020-01", "2020-04")
SHARES = (
    Difference("2020-01", 0.04, 0.03, 0.05),
    Difference("2020-02", 0.01, -0.01, 0.03),
    Difference("2020-04", -0.03, -0.04, -0.02),
)
PANEL = PairPanel("tide", "fog", SHARES, (), ("2020-01", "2020-02", "2020-04"), "2020-04")


def test_each_month_has_its_difference_and_interval_and_the_line_breaks_at_gaps() -> None:
    ax = Figure().add_subplot()
    differences.draw_differences(ax, SHARES, span=SPAN, color=style.BLUE)
    lines = [line for line in ax.lines if line.get_label() == "difference"]
    assert [list(map(float, line.get_ydata())) for line in lines] == [[0.04, 0.01], [-0.03]]
    intervals = [line for line in ax.lines if line.get_label() == "_interval"]
    assert [list(map(float, line.get_ydata())) for line in intervals] == [
        [0.03, 0.05],
        [-0.01, 0.03],
        [-0.04, -0.02],
    ]


def test_an_overtaking_is_a_line_at_the_start_of_its_month() -> None:
    figure = differences.share_figure([PANEL], SPAN)
    (ax,) = figure.axes
    (line,) = [line for line in ax.lines if line.get_label() == "_month"]
    assert set(map(float, line.get_xdata())) == {style.first_day("2020-04")}
    gaps = [patch for patch in ax.patches if patch.get_label() == "_gap"]
    assert [patch.get_x() for patch in gaps] == [style.first_day("2020-03")]
    assert ax.get_title(loc="left") == "tide less fog"


def test_captions_say_what_is_drawn_and_there_is_no_figure_of_one_month() -> None:
    (shares,) = differences.differences_specs([PANEL], UNCHECKED, of=3)
    assert "Drawn are 1 of 3 pairs" in shares.caption
    assert "from that month on the other leads in most months" in shares.caption
    assert "Hatched months were not counted for both" in shares.caption
    moods = PairPanel("tide", "fog", SHARES, SHARES, PANEL.counted, None)
    _, polarities = differences.differences_specs([moods], UNCHECKED, of=1)
    assert polarities.caption.endswith(f"Polarity is {UNCHECKED}.")
    month = PairPanel("tide", "fog", SHARES[:1], (), ("2020-01",), None)
    assert list(differences.differences_specs([month], UNCHECKED, of=1)) == []


def titles_of(spec: FigureSpec) -> list[str]:
    figure = spec.draw()
    assert isinstance(figure, Figure)
    return [ax.get_title(loc="left") for ax in figure.axes]


def test_a_pair_without_a_month_that_has_enough_polarities_has_no_panel_of_moods() -> None:
    moods = PairPanel("tide", "mist", SHARES, SHARES, PANEL.counted, None)
    shares, polarities = differences.differences_specs([PANEL, moods], UNCHECKED, of=2)
    assert titles_of(shares) == ["tide less fog", "tide less mist"]
    assert titles_of(polarities) == ["tide less mist"]
    assert "Drawn are 1 of 2 pairs" in polarities.caption
    assert polarities.alt.endswith("of 1 pair of keywords in each month: tide less mist.")

"""The picture of a front page: the share of documents that mention each subject, in panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reports.data.period_gaps import cut_off, gaps, sum_matched
from reports.data.tables.periods import PeriodRow
from reports.figures import style
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture
from reports.figures.period_marks import mark_shares
from reports.figures.shapes import draw_bars
from reports.figures.spec import FigureSpec
from reports.words.periods import period_name
from reports.words.quantities import describe_range, format_share, quantity


@dataclass(frozen=True)
class SharePanel:
    """A subject with its rows, and what follows from them.

    *distinct* is the share of each period where neither its documents nor the others are repeats.
    It may be the larger one.
    """

    name: str
    rows: Sequence[PeriodRow]
    distinct: Mapping[str, float]

    # What is written at the bars of some periods.
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def peak(self) -> PeriodRow | None:
        """The row of the highest share of a whole period; None if all are zero."""
        known = [row for row in self.rows if row.share]
        whole = [row for row in known if not row.cut_off]
        return max(whole or known, key=lambda row: row.share or 0, default=None)

    @property
    def has_repeats(self) -> bool:
        """Whether a share is another one without repeats."""
        return any(self.distinct.get(row.period, row.share) != row.share for row in self.rows)

    @property
    def range(self) -> str:
        """The lowest and the highest share in words."""
        return describe_range([row.share for row in self.rows if row.share is not None])

    @property
    def top(self) -> float:
        """Where the highest bar ends."""
        return max([0.0, *(row.share or 0.0 for row in self.rows), *self.distinct.values()])


def shares_spec(
    panels: Sequence[SharePanel], span: style.Range, name: str = "shares"
) -> FigureSpec | None:
    """Declare the picture of that *name*; None if no share is known."""
    if all(row.share is None for panel in panels for row in panel.rows):
        return None

    is_one_scale = has_one_scale(panels)
    highest = max(panel.top for panel in panels)
    charts = [_chart(panel, span, highest if is_one_scale else panel.top) for panel in panels]
    scale = "one scale" if is_one_scale else "scales differ"
    title = f"Share of documents by {span.grain} ({scale})"
    if len(panels) == 1:
        title = f"{panels[0].name}: {panels[0].range} of documents, by {span.grain}"
        charts = [replace(charts[0], title="")]

    documents = sum(row.documents for row in panels[0].rows)
    caption = f"Of {quantity(documents, 'document')} in all."
    if span.bulk:
        caption += " A bulk day has far more documents than its weekday usually has."

    return FigureSpec(
        name=name,
        picture=Picture(
            panels=charts, title=title, columns=1 + (len(panels) > style.SIDE_BY_SIDE // 2)
        ),
        alt=f"Bars: share of documents that mention each subject in each {span.grain}, a panel "
        f"for each.{_describe_peaks(panels)}",
        caption=caption,
        layout="chart lead",
    )


def choose_panels(panels: Sequence[SharePanel], most: int) -> list[SharePanel]:
    """Return at most so many panels in their order, those of subjects in most documents."""
    ranked = sorted(panels, key=lambda panel: -sum_matched(panel.rows))
    return [panel for panel in panels if panel in ranked[:most]]


def has_one_scale(panels: Sequence[SharePanel], most_times: float = 4.0) -> bool:
    """Return whether the highest share is at most so many times that of another panel."""
    peaks = [panel.peak.share or 0 for panel in panels if panel.peak is not None]
    return not peaks or max(peaks) <= most_times * min(peaks)


def _chart(panel: SharePanel, span: style.Range, top: float) -> Chart:
    """Return a bar for each share.

    Where a share of the panel is another one without repeats, its bar is pale, and a narrower one
    stands before it; the label stands above both.
    """
    labels = {}
    for row in panel.rows if len(span) <= style.SIDE_BY_SIDE else [panel.peak]:
        if row is not None and row.share is not None:
            labels[row.period] = format_share(row.share)

    all_marks, distinct = [], []
    for mark in mark_shares(panel.rows):
        value = panel.distinct.get(str(mark.position), mark.value or 0.0)
        label = labels.get(str(mark.position), "")
        is_higher = panel.has_repeats and value > (mark.value or 0.0)
        all_marks.append(replace(mark, is_few=False, label="" if is_higher else label))
        mark_of_distinct = Mark(
            position=mark.position,
            value=value,
            label=label if is_higher else "",
            title=f"{mark.title}, {format_share(value)} without repeats",
            row=f"{mark.row}.distinct",
            documents=mark.documents,
        )
        distinct.append(mark_of_distinct)

    layers = [Layer(draw=draw_bars, marks=all_marks)]
    if panel.has_repeats:
        pale = replace(layers[0], color=style.PALE_BLUE, name="share of all documents")
        narrow = Layer(draw=draw_bars, marks=distinct, size=0.55, name="without repeats")
        layers = [pale, narrow]

    return Chart(
        layers=layers,
        title=f"{panel.name}: {panel.range}",
        span=span,
        values=Axis(high=1.18 * top or 0.01, format=style.format_percent),
        gaps=gaps(panel.rows),
        cut_off=cut_off(panel.rows),
        bulk=[row.period for row in panel.rows if row.period in span.bulk],
        notes=panel.notes,
        height=85,
    )


def _describe_peaks(panels: Sequence[SharePanel]) -> str:
    peaks = []
    for panel in panels:
        if panel.peak is not None:
            period = period_name(panel.peak.period, "%B %Y")
            peaks.append(f"{panel.name} most in {period}, {format_share(panel.peak.share)}")

    return f" {'; '.join(peaks)}." if peaks else ""

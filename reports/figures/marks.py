"""What a picture shows, as data: panels with axes, layers and the marks of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reports.figures import style
from reports.words.document_queries import DocumentQuery

# A picture is so wide that its letters are read on a phone of 390 pixels and on a screen.
WIDTH = 350.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A shape that stands for a row: where it is, what it shows, and what it says when asked."""

    # A period, the name of a row or column, or a number.
    position: str | float

    # None stands for no data: there is no shape, and no line bridges it.
    value: float | None

    # The ends of the value's interval.
    low: float | None = None
    high: float | None = None

    # The interval that the row has in the export, if the picture shows another one.
    exported: tuple[float | None, float | None] | None = None

    # How many documents, mentions or posts the value rests on.
    n: int | None = None

    # Whether they are so few that the value says little: the shape is faint or hollow.
    is_few: bool = False

    # What the picture writes at the mark.
    label: str = ""

    # What it shows, as a sentence: "August 2018: 352 of 4,223 documents, 8.3 %".
    title: str = ""

    # The id of the row: see `name_row`.
    row: str = ""

    # The documents behind it, to whose list a page's picture leads.
    documents: DocumentQuery | None = None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Marks of one series, and the routine that draws them into the plot of a chart."""

    draw: Callable[..., None]
    marks: Sequence[Mark]

    # A name puts the layer into the legend.
    name: str = ""

    color: str = style.BLUE

    # A multiple of the usual width of bars and lines, and of the usual size of dots.
    size: float = 1.0

    is_dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis of numbers; an end that is None follows from the marks."""

    name: str = ""
    low: float | None = None
    high: float | None = None

    # Whether it counts something, so that only whole numbers are labelled.
    is_whole: bool = False

    # The labelled places, if not those of round numbers.
    ticks: Sequence[float] | None = None

    format: Callable[[float], str] = style.format_number


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A panel of layers on two axes.

    Positions are the periods of a *span*, or *names* one below the other, or numbers. Names are
    rows, so that their values go from left to right.
    """

    layers: Sequence[Layer]
    title: str = ""
    sub: str = ""
    span: style.Range | None = None
    names: Sequence[str] = ()
    positions: Axis = Axis()
    values: Axis = Axis()

    # Periods without data, those that are cut off, and those with a bulk day.
    gaps: Sequence[str] = ()
    cut_off: Sequence[str] = ()
    bulk: Sequence[str] = ()

    # Values that a line marks.
    rules: Sequence[float] = (0.0,)

    # A few words that are written at the shape of a period, those that matter most first.
    notes: Mapping[str, str] = field(default_factory=dict)

    height: float = 130.0


@dataclass(frozen=True, kw_only=True)
class Heat:
    """A panel of cells: a row for each name, whose marks have the *columns* as positions."""

    rows: Mapping[str, Sequence[Mark]]

    # Each column with its label, which may be empty.
    columns: Mapping[str, str]

    title: str = ""
    sub: str = ""
    x_name: str = ""

    # The color of a cell without a value: none, if it is not known.
    blank: str = ""

    shades: Sequence[str] = style.BLUES
    low: float = 0.0
    high: float = 1.0

    # The power of a value's part of the scale that chooses its shade.
    power: float = 1.0

    format: Callable[[float], str] = style.format_number

    # The columns without data, by row.
    gaps: Mapping[str, Sequence[str]] = field(default_factory=dict)

    # What each of the further signs in it means.
    legend: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Words, a word's height in proportion to its count, within the dark parts of a *mask*."""

    word_counts: Mapping[str, int]
    mask: bytes | None = None

    # The documents that hold the words, and what they are called.
    documents: DocumentQuery | None = None
    noun: str = "document"


Panel = Chart | Heat | Cloud


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that a picture shows: its panels, which stand in so many columns."""

    panels: Sequence[Panel]
    title: str = ""
    columns: int = 1
    width: float = WIDTH


def name_row(table: str, *key: object) -> str:
    """Return the id of a row, or of a cell, of a table: its name and its key without spaces."""
    return ".".join("-".join(str(part).split()) for part in (table, *key) if part is not None)


def label_columns(span: style.Range) -> dict[str, str]:
    """Return the columns of a heat chart: each period, and its label where there is room."""
    labels = dict(style.ticks(span))
    return {period: labels.get(period, "") for period in span}

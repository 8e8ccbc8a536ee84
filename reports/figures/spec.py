"""A figure as one declaration: `x_spec` declares it, `x_figure` makes it, `draw_x` fills axes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import matplotlib as mpl
from matplotlib.figure import Figure

from reports.figures import small_print, style


@dataclass(frozen=True)
class Subject:
    """The subject of figures: its name in titles and in file names, and the months to show."""

    name: str
    slug: str
    span: style.Range


@dataclass(frozen=True, kw_only=True)
class FigureSpec:
    """A figure's name, how it is drawn, and what a page writes beside it.

    *draw* holds all that the picture depends on: a picture is drawn again only if the `repr` of an
    argument differs. It returns a figure, or an SVG that is written by hand.
    """

    # The names of the figure's files begin with this name.
    name: str
    draw: partial[Figure] | partial[bytes]
    alt: str
    caption: str

    # The figure has these classes in the style sheet.
    layout: str = "chart wide"

    # Whether a phone has a picture of its own, which is seen whole, and how that is drawn where
    # narrow axes do not do.
    has_narrow: bool = False
    draw_narrow: partial[Figure] | None = None

    # How matplotlib draws a figure whose SVG is written by hand.
    draw_again: partial[Figure] | None = None

    # Whether it is that of a phone.
    is_narrow: bool = False

    @property
    def data(self) -> str:
        """All that the picture depends on, as text."""
        data = repr((self.draw.func.__name__, self.draw.args, self.draw.keywords))
        return f"{data} narrow" if self.is_narrow else data

    @property
    def narrow(self) -> FigureSpec | None:
        """The same figure for a phone."""
        if not self.has_narrow:
            return None

        return replace(
            self,
            name=f"{self.name}-narrow",
            draw=self.draw_narrow or self.draw,
            is_narrow=True,
            has_narrow=False,
            draw_narrow=None,
        )

    def render(self, note: str = "") -> bytes:
        """Draw the figure as SVG, with *note* in small print below it."""
        with self._house_style(note):
            note = style.without_undrawable(note)
            drawing = self._draw()
            if isinstance(drawing, Figure):
                return style.to_svg(drawing, note)
            if not note:
                return drawing

            strip = _draw_strip(
                note, small_print.width_of(drawing), tuple(mpl.rcParams["font.family"])
            )
            return small_print.put_below(drawing, strip)

    def render_png(self, note: str = "") -> bytes:
        """Draw the figure as PNG, with *note* in small print below it."""
        with self._house_style(note):
            drawing = self.draw_again() if self.draw_again is not None else self._draw()
            assert isinstance(drawing, Figure)  # noqa: S101 - what is written by hand is drawn again
            return style.to_png(drawing, style.without_undrawable(note))

    def _house_style(self, note: str) -> AbstractContextManager[None]:
        # The characters of the data and of the note decide which fonts are needed.
        return style.house_style({*self.data, *note})

    def _draw(self) -> Figure | bytes:
        drawing = self.draw()
        if self.is_narrow and isinstance(drawing, Figure):
            style.make_narrow(drawing)

        return drawing


# A run's clouds have one note and one width, but not always the same fonts.
@lru_cache(maxsize=8)
def _draw_strip(note: str, width: float, _families: tuple[str, ...]) -> bytes:
    return style.to_svg(small_print.draw_alone(note, width))

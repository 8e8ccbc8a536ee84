"""A figure as one declaration: `x_spec` declares it, `x_figure` makes it, `draw_x` fills axes."""

from __future__ import annotations

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
    argument differs. It returns a figure, or the contents of its files by extension.
    """

    # The names of the figure's files begin with this name.
    name: str
    draw: partial[Figure] | partial[dict[str, bytes]]
    alt: str
    caption: str

    # The figure has these classes in the style sheet.
    layout: str = "chart wide"

    # Whether a phone has a picture of its own, which is seen whole, and how that is drawn where
    # narrow axes do not do.
    has_narrow: bool = False
    draw_narrow: partial[Figure] | None = None

    # Some figures have only an SVG: a run of years has hundreds of figures of months.
    has_png: bool = True

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
            has_png=False,
        )

    def render(self, note: str = "") -> dict[str, bytes]:
        """Draw the figure and return the contents of its files by extension.

        Below each stands *note* in small print.
        """
        # The characters of the data and of the note decide which fonts are needed.
        with style.house_style({*self.data, *note}):
            note = style.without_undrawable(note)
            drawing = self.draw()
            if isinstance(drawing, Figure):
                if self.is_narrow:
                    style.make_narrow(drawing)

                return style.to_files(drawing, note, png=self.has_png)

            if not note:
                return drawing

            width = small_print.width_of(drawing)
            families = tuple(mpl.rcParams["font.family"])
            strip = _draw_strip(note, width, families, png=self.has_png)
            return small_print.put_below(drawing, strip)


# A run's clouds have one note and one width, but not always the same fonts.
@lru_cache(maxsize=8)
def _draw_strip(
    note: str, width: float, _families: tuple[str, ...], *, png: bool
) -> dict[str, bytes]:
    return style.to_files(small_print.draw_alone(note, width), png=png)

"""What matplotlib draws on: texts are measured once for all figures, and written as outlines."""

from __future__ import annotations

import codecs
from functools import lru_cache
from typing import IO, Any

from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from reports.figures import fonts, lettering

# Points and pixels of an SVG are the same.
POINTS = 72
# The cells of a heat map are a picture of so many dots an inch.
_IMAGE_DPI = 100
# So many texts are kept with their sizes: labels of axes come back in each figure.
_KEPT_TEXTS = 8192


@lru_cache(maxsize=_KEPT_TEXTS)
def _measure(text: str, look: FontProperties) -> tuple[float, float, float]:
    """Return the width, height and descent of a line of *text* in points."""
    width, height, descent = text_to_path.get_text_width_height_descent(text, look, ismath=False)
    return width, height, descent


@lru_cache(maxsize=256)
def _find_paths(look: FontProperties) -> tuple[str, ...]:
    """Return the files of the fonts of *look*: a letter is of the first that has it."""
    return tuple([fonts.font_path(family, look.get_weight()) for family in look.get_family()])


@lru_cache(maxsize=256)
def _measure_lines(look: FontProperties) -> tuple[float, float, float]:
    """Return the ascent, the descent and the gap of lines in points, as the font states them."""
    font = get_font(_find_paths(look)[:1])
    table: Any = font.get_sfnt_table("OS/2")
    head: Any = font.get_sfnt_table("head")
    if table is None:
        _, height, descent = _measure("lp", look)
        return height - descent, descent, 0.0

    unit = look.get_size_in_points() / head["unitsPerEm"]
    ascent, descent = table["sTypoAscender"] * unit, -table["sTypoDescender"] * unit
    return ascent, descent, table["sTypoLineGap"] * unit


class _SvgRenderer(RendererSVG):
    """Writes an SVG; a letter's outline stands there once, and nothing has a group of its own."""

    def __init__(self, width: float, height: float, out: Any, **options: Any) -> None:
        super().__init__(width, height, out, **options)
        self._out = out
        # The glyphs whose outlines are written.
        self._written: set[str] = set()

    def open_group(self, s: str, gid: str | None = None) -> None:
        pass

    def close_group(self, s: str) -> None:
        pass

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        return _measure(s, prop)

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        return _measure_lines(prop)

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        line = lettering.set_line(s, _find_paths(prop.copy()))
        opacity = gc.get_alpha() if gc.get_forced_alpha() else gc.get_rgb()[3]
        faint = "" if opacity == 1 else f' fill-opacity="{opacity:g}"'
        turn = f"rotate({-angle:g})" if angle else ""
        scale = prop.get_size_in_points() / lettering.UNITS
        move = f"translate({x:.2f} {y:.2f}){turn}scale({scale:g} {-scale:g})"
        outlines, letters = [], []
        for glyph_name, across, up in line.glyphs:
            outline = lettering.read_glyph(glyph_name).outline
            if not outline:
                continue

            if glyph_name not in self._written:
                self._written.add(glyph_name)
                outlines.append(f'<path id="{glyph_name}" d="{outline}"/>')

            above = f' y="{up:.1f}"' if up else ""
            letters.append(f'<use xlink:href="#{glyph_name}" x="{across:.1f}"{above}/>')

        # The comment ends what is open.
        self.writer.comment(s)
        if outlines:
            self._out.write(f"<defs>{''.join(outlines)}</defs>\n")

        fill = to_hex(gc.get_rgb())
        self._out.write(f'<g fill="{fill}"{faint} transform="{move}">{"".join(letters)}</g>\n')


class _PixelRenderer(RendererAgg):
    """Draws pixels; texts have the sizes that they have in an SVG."""

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        scale = self.dpi / POINTS
        width, height, descent = _measure(s, prop)
        return width * scale, height * scale, descent * scale

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        scale = self.dpi / POINTS
        ascent, descent, gap = _measure_lines(prop)
        return ascent * scale, descent * scale, gap * scale


class Canvas(FigureCanvasAgg):
    """The canvas of a figure, which is laid out in the same way for an SVG and for pixels."""

    def get_renderer(self) -> RendererAgg:
        width, height = self.get_width_height(physical=True)
        return _PixelRenderer(width, height, self.figure.dpi)

    def print_svg(self, out: IO[bytes], *, metadata: Any, **_: Any) -> None:
        """Write the figure as SVG; it has `POINTS` dots an inch."""
        width, height = self.figure.get_size_inches() * POINTS
        text = codecs.getwriter("utf-8")(out)
        renderer = _SvgRenderer(width, height, text, image_dpi=_IMAGE_DPI, metadata=metadata)
        self.figure.draw(renderer)
        renderer.finalize()

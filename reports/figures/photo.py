"""A picture of pixels, as those that a network classifies."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from reports.figures import style
from reports.figures.marks import Photo
from reports.figures.sheet import Place, Sheet


def draw_photo(
    sheet: Sheet, photo: Photo, corner: Place, width: float, *, letters: float = 6.5
) -> float:
    """Draw a picture with its title above it; return where it ends."""
    left, top = corner
    title = [photo.title]
    y = sheet.write_lines((left + width / 2, top), title, letters, style.INK, anchor="middle")
    pixels = np.asarray(photo.pixels, dtype=float)
    side = round(len(pixels) ** 0.5)
    shape = (side, side) if side * side == len(pixels) else (1, len(pixels))
    shades = 255 * (1 - pixels.reshape(shape).clip(0, 1))
    png = BytesIO()
    Image.fromarray(shades.astype(np.uint8)).save(png, "PNG")
    sheet.show_pixels((left, y), width, png.getvalue())
    return y + width

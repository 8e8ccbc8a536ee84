"""The picture in whose shape word clouds are drawn: ``--mask PNG``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from core.errors import BadInput

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_MASK_BYTES = 5 * 2**20


def read_mask(path: Path | None) -> bytes | None:
    """Return the PNG at *path*. Raises `BadInput` if it is no PNG that can be drawn."""
    if path is None:
        return None

    from PIL import Image

    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"--mask {path} cannot be read ({error.strerror})") from error

    if not content.startswith(PNG_SIGNATURE) or len(content) > MAX_MASK_BYTES:
        raise BadInput(f"--mask {path} is no PNG of up to {MAX_MASK_BYTES // 2**20} MB")

    try:
        Image.open(BytesIO(content)).load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        hint = "is a broken PNG, or one of too many points: give another"
        raise BadInput(f"--mask {path} {hint}") from error

    return content

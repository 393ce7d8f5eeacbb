"""Small pictures for books."""

import io

from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (600, 900), colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()

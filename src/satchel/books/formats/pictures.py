"""Pictures of other people, made small and plain: covers, and pages. Four kinds of files are opened.

What a picture says of itself (place, camera, words) is left behind: only its dots go on. Spec:
docs/spec/pictures-and-sound.md, 1.
"""

import io
import warnings
from typing import BinaryIO

from PIL import (
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from satchel.ports.books import COVER_PIXELS_MAX

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
PIXELS_MAX = 40_000_000  # 160 MB of dots; a page scanned at 600 dpi has 35 million
WEBP_PIXELS_MAX = 16_000_000  # its decoder takes four times as much
SIDE_PIXELS_MAX = 20_000
FILE_BYTES_MAX = 32 << 20
COVER_BYTES_MAX = 60_000

_QUALITIES = (82, 70, 55, 40, 25, 10)
_WHITE = (255, 255, 255)
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    ValueError,
    SyntaxError,  # of a broken PNG
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    EOFError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    NotImplementedError,
)


def prepare() -> None:
    """Load what is loaded when it is first needed."""
    for plugin in (GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin):
        assert plugin.__name__
    dot = Image.new("RGBA", (2, 2))
    for name in FORMATS:
        out = io.BytesIO()
        (dot.convert("RGB") if name == "JPEG" else dot).save(out, name)
        cover(out.getvalue())


def cover(data: bytes | BinaryIO) -> bytes | None:
    """A JPEG of at most COVER_PIXELS_MAX and 60,000 bytes; None: the picture is none that can be opened."""
    try:
        return _jpeg(_opened(data, COVER_PIXELS_MAX), COVER_PIXELS_MAX, COVER_BYTES_MAX)
    except _BROKEN:
        return None


def cover_of(image: Image.Image) -> bytes | None:
    """The same of a picture that was drawn here."""
    return _jpeg(image, COVER_PIXELS_MAX, COVER_BYTES_MAX)


def page_of(image: Image.Image) -> bytes:
    """A JPEG of a page that was drawn here."""
    return _encoded(_plain(image), 80)


def is_sound(data: bytes) -> bool:
    """Whether it can be opened, and is not larger than what a phone opens, too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _has_size(image)
    except _BROKEN:
        return False


def kind_of(head: bytes) -> str | None:
    """The media type of a picture, by its first 12 bytes, if it is one of the four."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def _opened(data: bytes | BinaryIO, wanted: tuple[int, int]) -> Image.Image:
    """The first of its pictures, upright. Its size is looked at before room is made for it."""
    if isinstance(data, bytes) and len(data) > FILE_BYTES_MAX:
        raise ValueError("a picture of too many bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image: Image.Image = Image.open(
            io.BytesIO(data) if isinstance(data, bytes) else data, formats=FORMATS
        )
        if not _has_size(image):
            raise ValueError("a picture of too many dots")
        image.draft("RGB", (2 * wanted[0], 2 * wanted[1]))  # of JPEG, only as much as is needed
        image.load()
        if image.mode in ("1", "P", "PA"):  # whose dots have no mean
            image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
        elif image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
            image = image.convert("I").point(lambda dot: dot * (1 / 256)).convert("L")  # of 16 bits
        if max(image.size) > 2 * max(wanted):  # before anything else copies it
            image = image.reduce(max(image.size) // max(wanted))
        return ImageOps.exif_transpose(image)


def _has_size(image: Image.Image) -> bool:
    width, height = image.size
    pixels_max = WEBP_PIXELS_MAX if image.format == "WEBP" else PIXELS_MAX
    return width * height <= pixels_max and max(width, height) <= SIDE_PIXELS_MAX


def _plain(image: Image.Image) -> Image.Image:
    """RGB, with white where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.new("RGB", clear.size, _WHITE)
        image.paste(clear, mask=clear.getchannel("A"))
        return image
    return image if image.mode == "RGB" else image.convert("RGB")


def _jpeg(image: Image.Image, pixels_max: tuple[int, int], bytes_max: int) -> bytes | None:
    image.thumbnail(pixels_max)
    image = _plain(image)
    for quality in _QUALITIES:
        encoded = _encoded(image, quality)
        if len(encoded) <= bytes_max:
            return encoded
    return None


def _encoded(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    # Nothing of `image.info` goes along: neither EXIF nor a profile nor a comment.
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    bare.save(out, "JPEG", quality=quality, optimize=False)
    return out.getvalue()


Image.MAX_IMAGE_PIXELS = PIXELS_MAX
ImageFile.LOAD_TRUNCATED_IMAGES = False

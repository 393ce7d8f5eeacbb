"""B1: a picture becomes a small and plain one, or none; and no dot is made room for that nobody needs."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms

from satchel.books.formats import pictures
from satchel.ports.books import COVER_PIXELS_MAX

RED, BLUE = (200, 20, 20), (20, 20, 200)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(cover: bytes | None) -> Image.Image:
    assert cover is not None
    assert len(cover) <= pictures.COVER_BYTES_MAX
    image = Image.open(io.BytesIO(cover), formats=["JPEG"])
    assert image.mode == "RGB"
    assert image.width <= COVER_PIXELS_MAX[0]
    assert image.height <= COVER_PIXELS_MAX[1]
    assert not image.getexif()
    return image


def near(image: Image.Image, at: tuple[int, int], color: tuple[int, int, int]) -> bool:
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(one - other) < 24 for one, other in zip(found, color, strict=True))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
def test_every_kind_of_dots_becomes_a_cover(form: str, mode: str) -> None:
    image = Image.new("RGB", (700, 900), RED).convert("RGB" if mode == "LA" else mode)
    image = image.convert("LA") if mode == "LA" else image
    try:
        data = encoded(image, form)
    except (OSError, ValueError):
        pytest.skip("no such file can be written")
    assert opened(pictures.cover(data)).size == (240, 309)


def test_sixteen_bits_are_not_all_white() -> None:
    data = encoded(Image.new("I;16", (100, 100), 30_000), "PNG")
    assert near(opened(pictures.cover(data)), (50, 50), (117, 117, 117))


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    assert near(opened(pictures.cover(encoded(image, "PNG"))), (50, 50), (255, 255, 255))
    grey = Image.new("P", (100, 100), 0)
    assert near(opened(pictures.cover(encoded(grey, "GIF", transparency=0))), (50, 50), (255, 255, 255))


def test_it_stands_as_its_camera_was_held_and_says_no_more_of_it() -> None:
    image = Image.new("RGB", (300, 200), RED)
    image.paste(BLUE, (0, 0, 150, 200))  # the left half
    exif = Image.Exif()
    exif[0x0112] = 6  # its left is the top
    exif[0x010F] = "camera of somebody"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(image, "JPEG", exif=exif, comment=b"words of somebody", icc_profile=profile)
    assert b"camera of somebody" in data
    assert b"words of somebody" in data
    cover = pictures.cover(data)
    shown = opened(cover)
    assert shown.size == (200, 300)
    assert near(shown, (100, 40), BLUE)
    assert near(shown, (100, 260), RED)
    assert cover is not None
    assert b"somebody" not in cover
    assert b"ICC_PROFILE" not in cover


def test_of_one_that_moves_it_is_the_first() -> None:
    frames = [Image.new("RGB", (60, 60), color) for color in (RED, BLUE)]
    for form in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:])
        assert near(opened(pictures.cover(data)), (30, 30), RED)


def test_noise_is_made_to_fit() -> None:
    noise = Image.effect_noise((2000, 2600), 200).convert("RGB")
    opened(pictures.cover(encoded(noise, "JPEG")))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_cut_one_is_none(form: str) -> None:
    data = encoded(Image.effect_noise((300, 300), 90).convert("RGB"), form)
    assert pictures.cover(data) is not None
    assert pictures.cover(data[: len(data) // 2]) is None
    assert pictures.cover(data[:20]) is None


@pytest.mark.parametrize("form", ["BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "EPS", "PDF", "JPEG2000"])
def test_no_other_kind_of_file_is_opened(form: str) -> None:
    assert pictures.cover(encoded(Image.new("RGB", (64, 64), RED), form)) is None


def bomb(width: int, height: int) -> bytes:
    """A PNG that says to have so many dots; with none."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (6401, 6400), (20_001, 10), (1, 1 << 30), (0, 5)])
def test_one_with_too_many_dots_is_none(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda _self: pytest.fail("room was made for it"))
    assert pictures.cover(bomb(*size)) is None
    assert not pictures.is_sound(bomb(*size))


def test_words_that_unpack_to_gigabytes_are_none() -> None:
    image = Image.new("RGB", (8, 8), RED)
    data = encoded(image, "PNG")
    text = b"note\0\0" + zlib.compress(bytes(64 << 20))
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    assert pictures.cover(data[:33] + chunk + data[33:]) is None


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n"]
)
def test_garbage_is_none(data: bytes) -> None:
    assert pictures.cover(data) is None
    assert not pictures.is_sound(data)


def test_kinds_are_told_by_their_beginning() -> None:
    image = Image.new("RGB", (8, 8), RED)
    found = [pictures.kind_of(encoded(image, form)[:12]) for form in pictures.FORMATS]
    assert found == ["image/jpeg", "image/png", "image/gif", "image/webp"]
    assert pictures.kind_of(b"<svg/>") is None

"""Recordings: MP3, M4A and M4B, Ogg with Opus or Vorbis, FLAC. Their tags, length and cover; nothing is
played here. Spec: docs/spec/pictures-and-sound.md, 4.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, cast

from tinytag import TinyTag, TinyTagException

from satchel.books.bounded import Bounded
from satchel.books.formats import pictures
from satchel.books.languages import tags_of
from satchel.books.passages import passages_of
from satchel.books.sniffing import sniff
from satchel.books.unfit import Why, unfit
from satchel.core.library.kinds import AUDIO_TYPES
from satchel.errors import NothingToDo
from satchel.ports.books import Chapter, Facts, Opened, Resource
from satchel.ports.library import WHOLE, Passage

AT_ONCE_BYTES_MAX = 32 << 20  # a cover
BYTES_MAX = 128 << 20
READS_MAX = 200_000
LYRICS_BYTES_MAX = 64 << 10
OGG_END_BYTES = 131_072  # two of its largest pages, at least

_OPUS_RATE = 48_000  # whatever it was recorded with: RFC 7845, 4
_OPUS, _VORBIS = b"OpusHead", b"\x01vorbis"
_NUMBERED = re.compile(r"\(?\d{1,3}\)?")  # a genre of ID3 that has no name
_BROKEN = (TinyTagException, OSError, ValueError, LookupError, ArithmeticError, TypeError, MemoryError)


def examine(file: BinaryIO, name: str) -> Iterator[Facts | Passage]:
    """As ports.books.Format."""
    media_type = sniff(file, name)
    if media_type not in AUDIO_TYPES:
        raise unfit(Why.DAMAGED)
    tag = _tag(file, is_whole=True) or TinyTag()
    duration_s = _ogg_duration_s(file) if media_type == "audio/ogg" else None
    if duration_s is None:
        duration_s = _tag_duration_s(file)
    title = _text(tag.title)
    if duration_s is None and title is None:
        raise unfit(Why.DAMAGED)
    authors = [tag.artist, *_others(tag, "artist"), tag.albumartist, tag.composer]
    subjects = [one for one in (tag.album, tag.genre) if one != title and not _NUMBERED.fullmatch(one or "")]
    yield Facts(
        media_type=media_type,
        title=title,
        authors=_each(authors),
        languages=tags_of(_others(tag, "language")),
        subjects=_each(subjects),
        duration_s=duration_s,
        cover=_cover(tag),
    )
    words = "\n".join(_each([tag.comment, *_others(tag, "lyrics"), *_others(tag, "description")]))
    if words:
        yield from passages_of(WHOLE, title or "", words, bytes_max=LYRICS_BYTES_MAX)


def open(file: BinaryIO) -> Opened:
    """As ports.books.Format."""
    return OpenedAudio(file)


def prepare() -> None:
    """Load what is loaded when it is first needed."""
    pictures.prepare()
    _tag(cast(BinaryIO, BytesIO(b"ID3\x04" + bytes(200))), is_whole=True)


class OpenedAudio:
    """As ports.books.Opened."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def outline(self) -> Sequence[Chapter]:
        """None: marks of chapters are not read."""
        return ()

    def fetch(self, path: str) -> Resource:
        """`cover`."""
        tag = _tag(self._file, is_whole=True) if path == "cover" else None
        cover = None if tag is None else _cover(tag)
        if cover is None:
            raise NothingToDo("There is nothing at this place of the recording.")
        return Resource(media_type="image/jpeg", body=cover)


def _tag(file: BinaryIO, *, is_whole: bool) -> TinyTag | None:
    """`is_whole`: all but how long it is; otherwise that alone. None: the library gave up."""
    bounded = Bounded(file, at_once=AT_ONCE_BYTES_MAX, in_all=BYTES_MAX, reads_max=READS_MAX)
    try:
        return TinyTag.get(
            file_obj=cast(BinaryIO, bounded), tags=is_whole, image=is_whole, duration=not is_whole
        )
    except _BROKEN:
        return None


def _tag_duration_s(file: BinaryIO) -> int | None:
    tag = _tag(file, is_whole=False)
    return None if tag is None else _rounded(tag.duration)


def _ogg_duration_s(file: BinaryIO) -> int | None:
    """By where its last page ends (RFC 3533, 6), without reading all of them. None: of another sound."""
    file.seek(0)
    first = file.read(512)
    size = file.seek(0, 2)
    file.seek(max(0, size - OGG_END_BYTES))
    last = file.read(OGG_END_BYTES)
    packet = first[27 + first[26] :] if len(first) > 26 else b""
    rate, skipped = 0, 0
    if packet.startswith(_OPUS) and len(packet) >= 12:
        rate, skipped = _OPUS_RATE, int.from_bytes(packet[10:12], "little")
    elif packet.startswith(_VORBIS) and len(packet) >= 16:
        rate = int.from_bytes(packet[12:16], "little")
    at = len(last)
    while rate and (at := last.rfind(b"OggS", 0, at)) >= 0:
        page = last[at : at + 27]
        ends = int.from_bytes(page[6:14], "little", signed=True)
        if len(page) == 27 and page[14:18] == first[14:18] and ends >= skipped:
            return _rounded((ends - skipped) / rate)
    return None


def _rounded(seconds: float | None) -> int | None:
    """What is shorter than a second has one."""
    if seconds is None or not math.isfinite(seconds) or seconds <= 0:
        return None
    return max(1, round(seconds))


def _cover(tag: TinyTag) -> bytes | None:
    image = tag.images.front_cover or tag.images.any
    return None if image is None else pictures.cover(image.data)


def _others(tag: TinyTag, name: str) -> list[str]:
    return [str(one) for one in tag.other.get(name, [])][:64]


def _text(said: str | None) -> str | None:
    return " ".join(said.split()) or None if said else None


def _each(said: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in said if one and one.strip()))

"""The record of an item as bytes. Spec: docs/spec/library.md, 5 and 6.

Fields from 32 on that are not known here go through as they came: a record that a newer version has written
is shown, handed on and kept whole by an older one.
"""

import re
from collections.abc import Hashable, Sequence
from typing import TypeVar

from satchel.core.blobs.chunks import HASH_BYTES
from satchel.core.identity.clocks import TIME_MAX_S
from satchel.core.library.broken import broken, reading
from satchel.core.library.item import Content, Direction, Heading, Item, ItemId, Part
from satchel.core.library.languages import TAG_CHARACTERS_MAX, canonical_tag
from satchel.core.library.sealed import CONTENT_BYTES_MAX, Root
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields
from satchel.errors import MisuseError, PeerError

RECORD_BYTES_MAX = 65_536
REVISION_MAX = (1 << 53) - 1
PARTS_MAX = 256
TITLE_BYTES_MAX = 1024
NAMES_MAX = 64  # authors, and subjects
NAME_BYTES_MAX = 256  # of each, and of a part or a heading
LANGUAGES_MAX = 16
PAGES_MAX = 1_000_000
DURATION_MAX_S = 1_000_000_000
COVER_BYTES_MAX = 262_144
COVER_TYPES = frozenset({"image/jpeg", "image/png"})
HEADINGS_MAX = 1000
DEPTH_MAX = 7
REPLACES_MAX = 16
KEPT_FROM = 32  # fields below that nobody described refuse the record [6.5]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TYPE_NAME = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"  # RFC 6838, 4.2, in small letters
_MEDIA_TYPE = re.compile(rf"{_TYPE_NAME}/{_TYPE_NAME}")
_MEDIA_TYPE_BYTES_MAX = 255
_PAGE = "library 5.1"
_T = TypeVar("_T", bound=Hashable)


def encode_item(item: Item) -> bytes:
    """As canonical CBOR. Raises MisuseError: no reader would take this record."""
    fields: dict[int, cbor.Writable] = {
        0: item.revision,
        1: [_writable({**_content(one), 3: one.title}) for one in item.parts],
        2: item.title,
        3: item.authors or None,
        4: item.languages or None,
        5: None if item.direction is None else int(item.direction),
        6: item.subjects or None,
        7: item.pages,
        8: item.duration_s,
        9: None if item.cover is None else _content(item.cover),
        10: [{0: one.depth, 1: one.title} for one in item.contents] or None,
        11: item.added_s,
        12: item.replaces or None,
    }
    encoded = cbor.encode({**item.others, **_writable(fields)})
    try:
        read = decode_item(encoded)
    except PeerError as exc:
        raise MisuseError(f"no such record can be written: {exc.what}") from exc
    if read != item:
        raise MisuseError("a field of a later version stands where this one has its own")
    return encoded


def decode_item(body: bytes) -> Item:
    """Read one whole record.

    Raises:
        PeerError: any deviation from section 5. Nothing else.
    """
    with reading():
        if len(body) > RECORD_BYTES_MAX:
            raise broken("5.1", f"a record of {len(body)} bytes")
        fields = Fields(cbor.decode(body), page=_PAGE)
        item = Item(
            revision=fields.integer(0, 1, REVISION_MAX),
            parts=tuple(_read_part(one) for one in fields.array(1, PARTS_MAX, minimum=1)),
            title=_text(fields, 2, TITLE_BYTES_MAX),
            authors=_names(fields, 3),
            languages=_languages(fields),
            direction=Direction(fields.uint(5, 1)) if fields.has(5) else None,
            subjects=_names(fields, 6),
            pages=fields.integer(7, 1, PAGES_MAX) if fields.has(7) else None,
            duration_s=fields.integer(8, 1, DURATION_MAX_S) if fields.has(8) else None,
            cover=_read_cover(fields.map(9, page="library 5.7")) if fields.has(9) else None,
            contents=_read_contents(fields),
            added_s=fields.uint(11, TIME_MAX_S) if fields.has(11) else None,
            replaces=_read_replaces(fields),
            others=fields.others(KEPT_FROM),
        )
        fields.done()
        if item.id in item.replaces:
            raise broken("6.4", "a book that replaces itself")
        return item


def newer(one: Item, other: Item) -> Item:
    """Which of two records of one book holds, for everybody, in whatever order they came [6.3]."""
    if one.id != other.id:
        raise MisuseError("records of two books")
    return max(one, other, key=lambda item: (item.revision, encode_item(item)))


def _content(content: Content) -> dict[int, cbor.Writable]:
    return {0: content.root, 1: content.size_bytes, 2: content.media_type}


def _writable(fields: dict[int, cbor.Writable]) -> dict[int, cbor.Writable]:
    return {key: value for key, value in fields.items() if value is not None}


def _read_part(value: cbor.Value) -> Part:
    fields = Fields(value, page="library 5.2")
    content = _read_content(fields, CONTENT_BYTES_MAX)
    title = _text(fields, 3, NAME_BYTES_MAX) if fields.has(3) else None
    fields.done()
    return Part(root=content.root, size_bytes=content.size_bytes, media_type=content.media_type, title=title)


def _read_cover(fields: Fields) -> Content:
    cover = _read_content(fields, COVER_BYTES_MAX)
    fields.done()
    if cover.media_type not in COVER_TYPES:
        raise broken("5.7", "a cover that is neither JPEG nor PNG")
    return cover


def _read_content(fields: Fields, bytes_max: int) -> Content:
    root, size = Root(fields.bytes(0, HASH_BYTES, HASH_BYTES)), fields.integer(1, 1, bytes_max)
    media_type = fields.text(2, _MEDIA_TYPE_BYTES_MAX)
    if not is_media_type(media_type):
        raise broken("5.3", "no media type")
    return Content(root=root, size_bytes=size, media_type=media_type)


def is_media_type(text: str) -> bool:
    """As a record has it [5.3]."""
    return len(text) <= _MEDIA_TYPE_BYTES_MAX and _MEDIA_TYPE.fullmatch(text) is not None


def _text(fields: Fields, key: int, bytes_max: int) -> str:
    return _shown(fields.text(key, bytes_max, minimum_bytes=1))


def _shown(text: str) -> str:
    if _CONTROL.search(text):
        raise broken("5.4", "a control character")
    return text


def _names(fields: Fields, key: int) -> tuple[str, ...]:
    if not fields.has(key):
        return ()
    return _each_once([_name(one) for one in fields.array(key, NAMES_MAX, minimum=1)])


def _name(value: cbor.Value) -> str:
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= NAME_BYTES_MAX:
        raise broken("5.4", f"not a text of 1 to {NAME_BYTES_MAX} bytes")
    return _shown(value)


def _languages(fields: Fields) -> tuple[str, ...]:
    if not fields.has(4):
        return ()
    return _each_once([_language(one) for one in fields.array(4, LANGUAGES_MAX, minimum=1)])


def _language(value: cbor.Value) -> str:
    # Its length first: nothing long is ever spelled anew.
    if not isinstance(value, str) or len(value) > TAG_CHARACTERS_MAX or canonical_tag(value) != value:
        raise broken("5.5", "not the tag of a language, in its one spelling")
    return value


def _read_contents(fields: Fields) -> tuple[Heading, ...]:
    if not fields.has(10):
        return ()
    read: list[Heading] = []
    for one in fields.array(10, HEADINGS_MAX, minimum=1):
        inner = Fields(one, page="library 5.8")
        heading = Heading(depth=inner.uint(0, DEPTH_MAX), title=_text(inner, 1, NAME_BYTES_MAX))
        inner.done()
        if heading.depth > (read[-1].depth + 1 if read else 0):
            raise broken("5.8", "a heading deeper than one below that before it")
        read.append(heading)
    return tuple(read)


def _read_replaces(fields: Fields) -> tuple[ItemId, ...]:
    if not fields.has(12):
        return ()
    ids = fields.array(12, REPLACES_MAX, minimum=1)
    if not all(isinstance(one, bytes) and len(one) == HASH_BYTES for one in ids):
        raise broken("6.4", "not the id of a book")
    return _each_once([ItemId(one) for one in ids if isinstance(one, bytes)])


def _each_once(values: Sequence[_T]) -> tuple[_T, ...]:
    if len(set(values)) != len(values):
        raise broken("5.6", "the same twice")
    return tuple(values)

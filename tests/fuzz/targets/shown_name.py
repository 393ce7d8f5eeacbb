"""escape: names and notes of other people on a terminal."""

import unicodedata
from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import of_kind, raw
from satchel.escape import NAME_CHARACTERS_MAX, show_name, show_text

HELD = (9, 10, 0x200C, 0x200D, 0x200E, 0x200F, 0x061C)  # in texts
DRIVING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def check(data: bytes) -> bool:
    feed = Feed(data)
    one = feed.piece()
    other = feed.rest()
    shown = show_name(one)
    assert len(shown) <= NAME_CHARACTERS_MAX
    assert not drives(shown)
    assert unicodedata.is_normalized("NFC", shown)
    assert (shown == show_name(other)) is (one == other)  # no two names look the same
    text = other.decode("utf-8", "replace")
    assert not drives(show_text(text).translate(dict.fromkeys(HELD)))
    return True


def drives(shown: str) -> bool:
    return any(unicodedata.category(character) in DRIVING for character in shown)


def seeds() -> Iterator[bytes]:
    names = [raw(name) for vector in of_kind("handover", "path") for name in vector["path"]]
    names += [
        "fod\u202egpj.exe".encode(),
        b"\x1b[2J",
        "e\u0301".encode(),
        "\u00e9".encode(),
        b"\xff",
        b" a  b ",
    ]
    for at, name in enumerate(names):
        yield as_piece(name) + names[at - 1]

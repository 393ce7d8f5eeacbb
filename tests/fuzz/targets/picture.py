"""core/pairing/picture: what a camera saw, or a person pasted, of either kind."""

from collections.abc import Iterator

from fuzz.vectors import of_kind
from satchel.core.pairing.picture import (
    ENDS_MAX,
    PORT_MIN,
    TEXT_CHARACTERS_MAX,
    Picture,
    parse_scan_back,
    scan_back_text,
)
from satchel.errors import MisuseError


def check(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")  # as the system hands it over
    taken = 0
    try:
        picture = Picture.parse(text)
    except MisuseError as refused:
        says_what_to_do(refused)
    else:
        taken += 1
        assert Picture.parse(picture.text()) == picture
        assert picture.text() == text.strip().upper()
        assert len(picture.text()) <= TEXT_CHARACTERS_MAX
        assert 1 <= len(picture.ends) <= ENDS_MAX
        assert all(len(address) == 16 and port >= PORT_MIN for address, port in picture.ends)
    try:
        token = parse_scan_back(text)
    except MisuseError as refused:
        says_what_to_do(refused)
    else:
        taken += 1
        assert scan_back_text(token) == text.strip().upper()
    assert taken <= 1  # no text is both
    return taken == 1


def says_what_to_do(refused: MisuseError) -> None:
    """A person reads it."""
    assert refused.safe
    assert refused.do


def seeds() -> Iterator[bytes]:
    for vector in of_kind("pairing", "picture_text"):
        yield vector["text"].encode()
    for vector in of_kind("pairing", "picture"):
        yield vector["text"].encode()
    for vector in of_kind("pairing", "exchange"):
        if "scan_back" in vector:
            yield vector["scan_back"].encode()

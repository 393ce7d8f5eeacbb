"""What a camera sees: parsed within bounds, one text for one content."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pairing.exchange_kit import ADDRESS, PORT
from satchel.core.pairing.picture import (
    ENDS_MAX,
    PORT_MIN,
    TEXT_CHARACTERS_MAX,
    Picture,
    parse_scan_back,
    scan_back_text,
)
from satchel.errors import MisuseError

COMMITMENT, SECRET = bytes(range(16)), bytes(range(16, 32))
V6 = bytes.fromhex("fe80000000000000021122fffe334455")
ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+./:-]+")  # of QR codes: ISO/IEC 18004, 7.4.4

PORTS = st.integers(PORT_MIN, 65_535)
IPV4 = st.binary(min_size=4, max_size=4).map(lambda four: bytes(10) + b"\xff\xff" + four)
ENDS = st.tuples(IPV4 | st.binary(min_size=16, max_size=16), PORTS)


@given(
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16),
    st.lists(ENDS, min_size=1, max_size=12),
)
def test_a_picture_has_one_text_that_cameras_keep(
    commitment: bytes, secret: bytes, ends: list[tuple[bytes, int]]
) -> None:
    picture = Picture.holding(commitment, secret, tuple(ends))
    text = picture.text()
    assert ALPHANUMERIC.fullmatch(text)
    assert len(text) <= TEXT_CHARACTERS_MAX
    assert Picture.parse(text) == picture
    assert Picture.parse(f"  {text.lower()}\n") == picture
    assert picture.ends[0] == ends[0]
    assert len(picture.ends) <= ENDS_MAX


def test_ends_that_find_no_room_are_left_out_and_each_stands_once() -> None:
    many = tuple((V6[:15] + bytes((number,)), PORT) for number in range(5))
    picture = Picture.holding(COMMITMENT, SECRET, (many[0], many[0], *many, (ADDRESS, PORT)))
    assert picture.ends == (*many[:3], (ADDRESS, PORT))  # three of 19 bytes, and a short one behind them


def test_the_largest_picture() -> None:
    ends = (*((V6[:15] + bytes((number,)), PORT) for number in range(3)), (ADDRESS, 2000), (ADDRESS, 2001))
    text = Picture(COMMITMENT, SECRET, ends).text()
    assert len(text) == 8 + -(-(33 + 3 * 19 + 2 * 7) * 8 // 5) <= TEXT_CHARACTERS_MAX
    with pytest.raises(MisuseError):
        Picture(COMMITMENT, SECRET, (*ends, (ADDRESS, 2002)))


@pytest.mark.parametrize(
    "ends",
    [
        (),
        ((ADDRESS, PORT), (ADDRESS, PORT)),
        ((ADDRESS, PORT_MIN - 1),),
        ((ADDRESS, 1 << 16),),
        ((bytes(4), PORT),),
        tuple((ADDRESS, 2000 + number) for number in range(9)),
    ],
)
def test_no_picture_holds_such_ends(ends: tuple[tuple[bytes, int], ...]) -> None:
    with pytest.raises(MisuseError):
        Picture(COMMITMENT, SECRET, ends)


@given(st.text(max_size=400) | st.binary(max_size=120).map(lambda data: f"SATCHEL:{data.hex()}"))
def test_any_text_is_a_picture_or_refused(text: str) -> None:
    for parse in (Picture.parse, parse_scan_back):
        with suppress(MisuseError):  # and nothing else
            parse(text)


def test_the_two_pictures_are_told_apart() -> None:
    text = scan_back_text(SECRET)
    assert parse_scan_back(text) == SECRET
    with pytest.raises(MisuseError, match="scanned last"):
        Picture.parse(text)
    with pytest.raises(MisuseError, match="begin with"):
        parse_scan_back(Picture(COMMITMENT, SECRET, ((ADDRESS, PORT),)).text())


def test_secrets_are_not_shown() -> None:
    assert SECRET.hex() not in repr(Picture(COMMITMENT, SECRET, ((ADDRESS, PORT),)))
    assert "secret" not in repr(Picture(COMMITMENT, SECRET, ((ADDRESS, PORT),)))

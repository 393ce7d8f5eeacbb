"""Cards: any bytes are one card or refused, and a name is one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.pairing.card import (
    DAY_MAX,
    TAKERS_MAX,
    Card,
    HostCard,
    decode_host,
    decode_taker,
    encode,
    is_name,
)
from satchel.core.wire import cbor
from satchel.errors import MisuseError, PeerError

NAMES = st.text(max_size=64).filter(is_name)
CARDS = st.builds(
    Card,
    day=st.none() | st.integers(0, DAY_MAX),
    language=st.sampled_from(["en", "fa", "tlh", "zh-Hant"]),
    name=NAMES,
)
HOST_CARDS = st.builds(HostCard, card=CARDS, takers=st.integers(1, TAKERS_MAX), taken=st.booleans())


@given(CARDS, HOST_CARDS, st.integers(0, 40))
def test_what_is_encoded_is_decoded(card: Card, host: HostCard, zeros: int) -> None:
    assert decode_taker(encode(card) + bytes(zeros)) == card
    assert decode_host(encode(host) + bytes(zeros)) == host
    for decode, other in ((decode_host, card), (decode_taker, host)):
        with pytest.raises(PeerError):
            decode(encode(other))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_card_or_a_peer_error(plain: bytes) -> None:
    for decode in (decode_taker, decode_host):
        try:
            card = decode(plain)
        except PeerError:
            continue
        assert plain.startswith(encode(card))


@pytest.mark.parametrize(
    "name", ["a\nb", "a\x1bb", "\x00", "a\u2028b", "a\u2029", "\ud800", "x" * 65, "\x7f"]
)
def test_a_name_of_several_lines_or_too_long_is_none(name: str) -> None:
    """Names reach a screen: what drives a terminal does not even arrive (the rest is escaped there)."""
    assert not is_name(name)
    with pytest.raises(MisuseError):
        Card(day=None, language="en", name=name)


@pytest.mark.parametrize("name", ["", "Amélie", "باران", "小雨", "𝄞" * 64, "a\u200fb"])
def test_names_of_people(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {1: "en", 9: 1},
        {1: ""},
        {1: "x" * 9},
        {0: DAY_MAX + 1, 1: "en"},
        {0: -1, 1: "en"},
        {1: "en", 2: ""},
        {1: "en", 2: "x" * 65},
        {1: "en", 2: "a\nb"},
        {1: "en", 3: 1, 4: False},
    ],
)
def test_such_fields_are_refused(fields: dict[int, cbor.Writable]) -> None:
    body = cbor.encode(fields)
    with pytest.raises(PeerError, match=r"^pairing 5\.[23]:"):
        decode_taker(len(body).to_bytes(2, "big") + body)


@pytest.mark.parametrize("takers", [0, TAKERS_MAX + 1])
def test_so_many_takers_are_refused(takers: int) -> None:
    body = cbor.encode({1: "en", 3: takers, 4: False})
    with pytest.raises(PeerError, match=r"^pairing 5\.2:"):
        decode_host(len(body).to_bytes(2, "big") + body)


def test_days_that_no_clock_shows_are_our_mistake() -> None:
    for day in (-1, DAY_MAX + 1):
        with pytest.raises(MisuseError):
            Card(day=day, language="en")

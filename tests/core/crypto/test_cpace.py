"""CPace against the draft's vectors and an implementation by somebody else, and what is refused."""

import json
from pathlib import Path
from typing import Any

import cpace as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.crypto import cpace
from satchel.errors import MisuseError, PeerError

FOLDER = Path(__file__).parents[2] / "data/cpace"
DATA = json.loads((FOLDER / "cpace-x25519-sha512.json").read_text())
MAP = json.loads((FOLDER / "elligator2-curve25519.json").read_text())["vectors"]
G = {name: bytes.fromhex(value) for name, value in DATA["G_25519"].items()}
NOT_LOW_ORDER = DATA["X25519_scalar_mult_vfy"]["results"]
LOW_ORDER = {n: bytes.fromhex(p) for n, p in DATA["X25519_points"].items() if n not in NOT_LOW_ORDER}

PRIME = 2**255 - 19
scalars = st.binary(min_size=32, max_size=32)
short = st.binary(max_size=300)


def key(*, initiator: bool, **changes: Any) -> bytes:
    """The ISK of the draft's vector, by one side, with something changed."""
    arguments: dict[str, Any] = {
        "session": G["sid"],
        "scalar": G["ya"] if initiator else G["yb"],
        "initiator_share": G["Ya"],
        "initiator_data": G["ADa"],
        "responder_share": G["Yb"],
        "responder_data": G["ADb"],
    }
    return cpace.intermediate_key(initiator=initiator, **arguments | changes)


def test_the_vector_of_the_draft() -> None:
    """draft-irtf-cfrg-cpace-21, B.1: generator, both shares, the key on both sides."""
    point = cpace.generator(G["PRS"], channel=G["CI"], session=G["sid"])
    assert point == G["g"]
    assert cpace.share(point, G["ya"]) == G["Ya"]
    assert cpace.share(point, G["yb"]) == G["Yb"]
    assert key(initiator=True) == key(initiator=False) == G["ISK_IR"]


@pytest.mark.parametrize("point", LOW_ORDER.values(), ids=LOW_ORDER.keys())
@pytest.mark.parametrize("initiator", [True, False])
def test_a_share_of_low_order_is_refused(point: bytes, initiator: bool) -> None:
    """B.1.10, and P2: with such a share a stranger would pass without the words."""
    with pytest.raises(PeerError, match=r"^code-and-rendezvous 5\.2: .* low order"):
        key(initiator=initiator, **{"responder_share" if initiator else "initiator_share": point})


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_share_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(PeerError, match=r"^code-and-rendezvous 5\.2:"):
        key(initiator=True, responder_share=bytes(length))
    with pytest.raises(MisuseError):
        key(initiator=True, initiator_share=bytes(length))
    with pytest.raises(MisuseError):
        key(initiator=True, scalar=bytes(length))


@pytest.mark.parametrize(
    "changes",
    [
        {"session": b""},
        {"initiator_data": b"ADA"},
        {"responder_data": b""},
        {"initiator_data": b"", "responder_data": b"ADaADb"},
        {"initiator_share": G["Yb"]},
        {"responder_data": G["ADa"], "initiator_data": G["ADb"]},
    ],
    ids="+".join,
)
def test_the_key_is_bound_to_all_that_was_sent(changes: dict[str, bytes]) -> None:
    assert key(initiator=True, **changes) != G["ISK_IR"]


def test_nothing_can_be_shifted_between_password_and_channel() -> None:
    """Every part goes into the hash behind its length."""
    points = {
        cpace.generator(b"ab", channel=b"c", session=b""),
        cpace.generator(b"a", channel=b"bc", session=b""),
        cpace.generator(b"ab", channel=b"", session=b"c"),
        cpace.generator(b"ab\0", channel=b"c", session=b""),
        cpace.generator(b"", channel=b"abc", session=b""),
    }
    assert len(points) == 5


@pytest.mark.parametrize("length", [0, 1, 116, 117, 118, 119, 127, 128, 129, 300])
def test_a_password_around_a_block_of_the_hash(length: int) -> None:
    """The zeros end where a block ends, the length of the length (LEB128) included."""
    point = cpace.generator(b"w" * length, channel=b"channel", session=b"session")
    assert point == oracle._calculate_generator(b"w" * length, b"channel", b"session")


@given(password=short, channel=short, session=short, ours=scalars)
def test_we_and_the_oracle_agree_on_the_key(
    password: bytes, channel: bytes, session: bytes, ours: bytes
) -> None:
    """In both roles; passwords longer than a block of the hash, too."""
    for we_initiate in (True, False):
        role = oracle.CPaceRole.RESPONDER if we_initiate else oracle.CPaceRole.INITIATOR
        other = oracle.CPace.start(role=role, prs=password, sid=session, ci=channel, ad=b"theirs")
        share = cpace.share(cpace.generator(password, channel=channel, session=session), ours)
        other.derive(share, b"ours")
        shares, data = (share, other.public_share), (b"ours", b"theirs")
        if not we_initiate:
            shares, data = shares[::-1], data[::-1]
        isk = cpace.intermediate_key(
            session=session, scalar=ours, initiator=we_initiate,
            initiator_share=shares[0], responder_share=shares[1],
            initiator_data=data[0], responder_data=data[1],
        )  # fmt: skip
        assert isk == other.isk


@given(st.integers(0, 2**255 - 1) | st.sampled_from([0, 1, 2, PRIME - 1, PRIME, PRIME + 1, 2**255 - 1]))
def test_the_map_reaches_the_curve_from_anywhere(r: int) -> None:
    """RFC 9380, 6.7.1: u³ + Au² + u is a square, so u is on the curve and not on its twist; and r and
    -r give one point."""
    u = cpace._elligator2(r)
    v_squared = (u**3 + 486662 * u**2 + u) % PRIME
    assert pow(v_squared, (PRIME - 1) // 2, PRIME) in (0, 1)
    assert cpace._elligator2(-r % PRIME) == u


@pytest.mark.parametrize("vector", MAP, ids=lambda vector: str(vector["u"][:8]))
def test_the_map_of_rfc_9380(vector: dict[str, str]) -> None:
    """Values that the authors of the RFC computed, for the map alone."""
    assert cpace._elligator2(int(vector["u"], 16)) == int(vector["Q.x"], 16)


@given(st.integers(0, 2**255 - 1))
def test_the_map_is_that_of_the_oracle(r: int) -> None:
    assert cpace._elligator2(r).to_bytes(32, "little") == oracle._elligator2(r)


def test_no_share_of_a_generator_that_nobody_has() -> None:
    with pytest.raises(MisuseError):
        cpace.share(bytes(32), b"\x01" * 32)

"""The handshake against published vectors, and everything that must end it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.noise import MESSAGE_BYTES_MAX, OVERHEAD_BYTES, Handshake, Pattern
from satchel.errors import MisuseError, PeerError

DATA = Path(__file__).parents[2] / "data"
VECTORS = json.loads((DATA / "noise/cacophony.json").read_text())["vectors"]
LOW_ORDER = json.loads((DATA / "cpace/cpace-x25519-sha512.json").read_text())["X25519_points"]["Invalid Y1"]

PSK = bytes(range(32))
EPHEMERALS = (b"\x01" * 32, b"\x02" * 32)
STATICS = (b"\x03" * 32, b"\x04" * 32)
both_patterns = pytest.mark.parametrize("pattern", Pattern)


def side(pattern: Pattern, *, initiator: bool, **changes: Any) -> Handshake:
    """One side; the two belong together unless `changes` says otherwise."""
    here, there = (0, 1) if initiator else (1, 0)
    arguments: dict[str, Any] = {"prologue": b"prologue", "psk": PSK, "ephemeral": EPHEMERALS[here]}
    if pattern.has_statics:
        arguments |= {"static": STATICS[here], "remote_static": x25519_public(STATICS[there])}
    return Handshake(pattern, initiator=initiator, **arguments | changes)


def two_sides(pattern: Pattern, **changes: Any) -> tuple[Handshake, Handshake]:
    """`changes` are the responder's."""
    return side(pattern, initiator=True), side(pattern, initiator=False, **changes)


def from_vector(vector: dict[str, Any], role: str) -> Handshake:
    names = ("prologue", "psk", "ephemeral", "static", "remote_static")
    arguments: dict[str, Any] = {
        name: bytes.fromhex(vector[f"{role}_{name}"]) for name in names if f"{role}_{name}" in vector
    }
    return Handshake(Pattern(vector["name"].split("_")[1]), initiator=role == "init", **arguments)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_vector(vector: dict[str, Any]) -> None:
    """Both messages, and the keys of Split by the four transport messages that follow."""
    here, there = from_vector(vector, "init"), from_vector(vector, "resp")
    payloads = [bytes.fromhex(message["payload"]) for message in vector["messages"]]
    ciphertexts = [bytes.fromhex(message["ciphertext"]) for message in vector["messages"]]
    assert here.write(payloads[0]) == ciphertexts[0]
    assert there.read(ciphertexts[0]) == payloads[0]
    assert there.write(payloads[1]) == ciphertexts[1]
    assert here.read(ciphertexts[1]) == payloads[1]
    keys = here.split()
    assert keys == there.split()
    for number, (payload, ciphertext) in enumerate(zip(payloads[2:], ciphertexts[2:], strict=True)):
        nonce = bytes(4) + (number // 2).to_bytes(8, "little")
        assert ChaCha20Poly1305(keys[number % 2]).encrypt(nonce, payload, b"") == ciphertext


@both_patterns
@given(first=st.binary(max_size=300), second=st.binary(max_size=300))
def test_both_sides_agree(pattern: Pattern, first: bytes, second: bytes) -> None:
    here, there = two_sides(pattern)
    assert there.read(here.write(first)) == first
    assert not here.finished
    assert here.read(there.write(second)) == second
    assert here.finished
    assert there.finished
    assert here.hash == there.hash
    sending, receiving = here.split()
    assert (sending, receiving) == there.split()
    assert sending != receiving


@both_patterns
@pytest.mark.parametrize(
    "changes",
    [{"psk": bytes(32)}, {"prologue": b"prologuE"}, {"prologue": b""}],
    ids=["psk", "prologue", "none"],
)
def test_who_does_not_agree_is_not_understood(pattern: Pattern, changes: dict[str, bytes]) -> None:
    here, there = two_sides(pattern, **changes)
    with pytest.raises(PeerError, match=r"^transport 2\.2:"):
        there.read(here.write())


@pytest.mark.parametrize("name", ["static", "remote_static"])
def test_who_is_not_the_contact_is_not_understood(name: str) -> None:
    """P2: with the psk alone nobody passes for a contact."""
    other = b"\x05" * 32
    here, there = two_sides(Pattern.KKPSK0, **{name: other if name == "static" else x25519_public(other)})
    with pytest.raises(PeerError):
        there.read(here.write())


def test_who_has_only_the_responders_psk_cannot_answer() -> None:
    """P2: the second message needs the responder's static key as well."""
    here = side(Pattern.KKPSK0, initiator=True)
    liar = side(Pattern.NNPSK0, initiator=False)
    here.write()
    liar_message = side(Pattern.NNPSK0, initiator=True).write()
    liar.read(liar_message)
    with pytest.raises(PeerError):
        here.read(liar.write())


@both_patterns
def test_every_bit_of_the_first_message_counts(pattern: Pattern) -> None:
    message = side(pattern, initiator=True).write(b"x")
    check_every_bit(message, lambda: side(pattern, initiator=False))


@both_patterns
def test_every_bit_of_the_second_message_counts(pattern: Pattern) -> None:
    here, there = two_sides(pattern)
    first = here.write()
    there.read(first)

    def waiting() -> Handshake:
        handshake = side(pattern, initiator=True)
        assert handshake.write() == first
        return handshake

    check_every_bit(there.write(b"x"), waiting)


def check_every_bit(message: bytes, reader: Callable[[], Handshake]) -> None:
    """The top bit of the ephemeral key, which X25519 ignores, is bound by the hash."""
    for bit in range(8 * len(message)):
        changed = (int.from_bytes(message, "big") ^ 1 << bit).to_bytes(len(message), "big")
        with pytest.raises(PeerError):
            reader().read(changed)
    assert reader().read(message) == b"x"


@both_patterns
@pytest.mark.parametrize("length", [0, 31, 32, OVERHEAD_BYTES - 1, MESSAGE_BYTES_MAX + 1])
def test_a_message_of_another_length_is_refused(pattern: Pattern, length: int) -> None:
    with pytest.raises(PeerError, match=rf"^transport 2\.2: a Noise message of {length} bytes"):
        side(pattern, initiator=False).read(bytes(length))


def test_the_longest_message() -> None:
    here, there = two_sides(Pattern.NNPSK0)
    payload = b"x" * (MESSAGE_BYTES_MAX - OVERHEAD_BYTES)
    assert there.read(here.write(payload)) == payload
    with pytest.raises(MisuseError):
        there.write(payload + b"x")


@both_patterns
def test_a_replayed_answer_is_refused(pattern: Pattern) -> None:
    """W3: an answer belongs to one ephemeral key of the initiator's."""
    here, there = two_sides(pattern)
    there.read(here.write())
    answer = there.write()
    again = side(pattern, initiator=True, ephemeral=b"\x09" * 32)
    again.write()
    with pytest.raises(PeerError):
        again.read(answer)


@both_patterns
def test_our_own_message_is_no_answer(pattern: Pattern) -> None:
    """P2: reflection."""
    here = side(pattern, initiator=True)
    message = here.write()
    with pytest.raises(PeerError):
        here.read(message)


@both_patterns
def test_an_ephemeral_key_of_low_order_is_refused(pattern: Pattern) -> None:
    """Even from who has the psk: the session would have no forward secrecy (W4)."""
    here, there = two_sides(pattern)
    there.read(here.write())
    with pytest.raises(PeerError, match=r"^transport 2\.2: .* low order"):
        here.read(bytes.fromhex(LOW_ORDER) + there.write()[32:])


def test_a_first_message_with_a_key_of_low_order_gets_no_answer() -> None:
    """In NNpsk0 the first message of who has the psk opens whatever its key is: the answer must fail
    instead, and stay failed, or a session began whose keys follow from the psk alone (W4)."""
    here, there = two_sides(Pattern.NNPSK0)
    vars(here)["_ephemeral_public"] = bytes.fromhex(LOW_ORDER)
    assert there.read(here.write(b"x")) == b"x"
    with pytest.raises(PeerError, match=r"^transport 2\.2: .* low order"):
        there.write()
    with pytest.raises(MisuseError):
        there.write()
    assert not there.finished


@both_patterns
def test_after_a_failure_everything_is_refused(pattern: Pattern) -> None:
    here, there = two_sides(pattern)
    message = here.write()
    with pytest.raises(PeerError):
        there.read(message[:-1] + bytes((message[-1] ^ 1,)))
    for use in (lambda: there.read(message), there.write, there.split, lambda: there.hash):
        with pytest.raises(MisuseError):
            use()
    assert not there.finished


@both_patterns
def test_out_of_turn(pattern: Pattern) -> None:
    here, there = two_sides(pattern)
    for use in (there.write, lambda: here.read(bytes(99)), here.split, lambda: here.hash):
        with pytest.raises(MisuseError):
            use()
    there.read(here.write())
    for use in (here.write, lambda: there.read(bytes(99)), there.split):
        with pytest.raises(MisuseError):
            use()
    here.read(there.write())
    for use in (here.write, there.write, lambda: here.read(bytes(99)), lambda: there.read(bytes(99))):
        with pytest.raises(MisuseError):
            use()


def test_keys_are_given_out_once() -> None:
    """W3: two users of one key would count the same numbers."""
    here, there = two_sides(Pattern.NNPSK0)
    there.read(here.write())
    here.read(there.write())
    here.split()
    with pytest.raises(MisuseError):
        here.split()
    assert here.hash == there.hash


def test_secrets_are_let_go() -> None:
    """W4: nothing that is left in the finished handshake leads back to the session's keys."""
    here, there = two_sides(Pattern.KKPSK0)
    there.read(here.write())
    here.read(there.write())
    keys = here.split()
    secrets = {*keys, PSK, EPHEMERALS[0], STATICS[0]}
    held = [*vars(here).values(), *vars(vars(here)["_state"]).values()]
    assert not secrets.intersection(value for value in held if isinstance(value, bytes))
    assert not vars(vars(here)["_state"])["_chaining_key"]  # Split is a function of it


@pytest.mark.parametrize(
    "changes",
    [
        {"psk": bytes(31)},
        {"psk": b""},
        {"ephemeral": bytes(31)},
        {"static": bytes(32)},
        {"remote_static": bytes(32)},
    ],
    ids=["short psk", "no psk", "short ephemeral", "static", "remote static"],
)
def test_nnpsk0_takes_no_other_keys(changes: dict[str, bytes]) -> None:
    with pytest.raises(MisuseError):
        side(Pattern.NNPSK0, initiator=True, **changes)


@pytest.mark.parametrize(
    "changes",
    [{"static": None}, {"remote_static": None}, {"static": bytes(31)}, {"remote_static": bytes(33)}],
    ids=["no static", "no remote static", "short static", "long remote static"],
)
def test_kkpsk0_takes_both_static_keys(changes: dict[str, bytes | None]) -> None:
    with pytest.raises(MisuseError):
        side(Pattern.KKPSK0, initiator=True, **changes)

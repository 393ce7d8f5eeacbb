"""Frames in and out of a pipe: what a peer who has the keys can do to it."""

import pytest

from core.session.session_kit import open_frame
from node.memory import KEYS, PEERS_KEYS, MemoryPipe
from satchel.core.crypto.aead import Suite
from satchel.core.session.frames import Kind, Opener, Sealer
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node.channel import Channel, new_message_buffer


def test_a_first_frame_that_is_no_hello_is_the_peers_fault() -> None:
    """Found by the fuzz target `connection`: it came out as a mistake of ours (a MisuseError)."""
    pipe = MemoryPipe()
    pipe.bring(Sealer(PEERS_KEYS.send).padding(300) + bytes((0, 0, 0, 252)) + bytes(252))
    channel = Channel(pipe, KEYS)
    kind, _ = channel.receive(new_message_buffer())
    assert kind is Kind.PADDING
    with pytest.raises(PeerError, match=r"^transport 4\.7:"):
        channel.receive(new_message_buffer())


@pytest.mark.parametrize("suite", Suite)
def test_on_a_further_pipe_nothing_is_agreed_on(suite: Suite) -> None:
    """It shows up with 256 bytes that say nothing, and goes on with bulk frames."""
    pipe = MemoryPipe()
    channel = Channel(pipe, KEYS, suite)
    channel.show_up()
    opener, sealer = Opener(KEYS.send, suite), Sealer(PEERS_KEYS.send, suite)
    assert [len(frame) for frame in pipe.sent] == [256]
    assert open_frame(opener, pipe.sent[0]) == (Kind.PADDING, b"")
    for _ in range(3):
        pipe.bring(sealer.control(b"x"))
        kind, body = channel.receive(new_message_buffer())
        assert (kind, bytes(body)) == (Kind.CONTROL, b"x")


def test_a_first_frame_of_a_stranger_is_a_break_and_nobodys_guilt() -> None:
    """P2: a flight that is replayed is answered, but whoever replays it seals nothing."""
    pipe = MemoryPipe()
    pipe.bring(Sealer(bytes(32), Suite.AES_256_GCM).padding(256))
    with pytest.raises(EnvironmentProblem):
        Channel(pipe, KEYS, Suite.AES_256_GCM).receive(new_message_buffer())


def test_m3_where_only_messages_come_nothing_is_allocated_for_a_larger_frame() -> None:
    """Its length stands in clear before it: whoever sits between, or a contact, could say any."""
    pipe = MemoryPipe()
    channel = Channel(pipe, KEYS, Suite.AES_256_GCM)
    pipe.bring((1_000_000).to_bytes(4, "big"))  # and never anything more
    with pytest.raises(EnvironmentProblem, match="disturbed"):
        channel.receive(new_message_buffer())


def test_a_frame_that_just_fits_is_taken() -> None:
    pipe = MemoryPipe()
    pipe.bring(Sealer(PEERS_KEYS.send, Suite.AES_256_GCM).padding(256) + bytes((0, 0, 0, 253)))
    channel = Channel(pipe, KEYS, Suite.AES_256_GCM)
    assert channel.receive(bytearray(256))[0] is Kind.PADDING
    with pytest.raises(EnvironmentProblem, match="disturbed"):
        channel.receive(bytearray(256))

"""Frames in and out of a pipe: what a peer who has the keys can do to it."""

import pytest

from satchel.core.session.frames import Kind, Sealer
from satchel.core.session.handshake import SessionKeys
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node.channel import Channel
from satchel.ports import Address, Endpoint

SECRET = bytes(range(32))
KEYS = SessionKeys(send=SECRET, receive=SECRET, session_hash=bytes(32), resumption_secret=bytes(32))


class PipeOf:
    """Brings these bytes, then the end."""

    local = remote = Endpoint(address=Address(bytes(16)), port=0)

    def __init__(self, arriving: bytes) -> None:
        self._arriving = arriving

    def receive_into(self, buffer: memoryview) -> int:
        if not self._arriving:
            raise EnvironmentProblem("The connection has ended.")
        part = self._arriving[: len(buffer)]
        buffer[: len(part)] = part
        self._arriving = self._arriving[len(part) :]
        return len(part)

    def send_all(self, data: bytes | bytearray | memoryview) -> None: ...
    def set_deadline(self, seconds: float | None) -> None: ...
    def set_patience(self, seconds: int) -> None: ...
    def close(self) -> None: ...


def test_a_first_frame_that_is_no_hello_is_the_peers_fault() -> None:
    """Found by the fuzz target `connection`: it came out as a mistake of ours (a MisuseError)."""
    first = Sealer(SECRET).padding(300)
    channel = Channel(PipeOf(first + bytes((0, 0, 0, 252)) + bytes(252)), KEYS)
    kind, _ = channel.receive()
    assert kind is Kind.PADDING
    with pytest.raises(PeerError, match=r"^transport 4\.7:"):
        channel.receive()

"""Further pipes of a session that runs, on the side that dials them.

By a code that is who receives; between contacts it is who dialled. One that cannot be opened is left out: the
hand-over goes on with those that there are.
"""

import asyncio
from typing import Protocol

from satchel.core.session.handshake import Purpose, SessionKeys
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node import greeting
from satchel.ports import Endpoint, Entropy, Lan, Pipe

DIAL_S = 5.0


class Conversation(Protocol):
    """What runs over a session's pipes."""

    @property
    def remote(self) -> Endpoint:
        """The other end of the first one."""
        ...

    @property
    def stripe_secret(self) -> bytes:
        """Opens more of them."""
        ...

    def add_pipe(self, pipe: Pipe, keys: SessionKeys) -> None:
        """Another one, whose handshake is over. From any thread."""
        ...


class PipeOpener:
    """Dials for one conversation. Each method says from where it may be called."""

    def __init__(
        self,
        lan: Lan,
        entropy: Entropy,
        *,
        typed_address: bool,
        loop: asyncio.AbstractEventLoop,
        purpose: Purpose = Purpose.STRIPE,
    ) -> None:
        """`loop`: that of the Lan."""
        self._lan = lan
        self._entropy = entropy
        self._typed_address = typed_address
        self._purpose = purpose
        self._loop = loop
        self._dialling: set[asyncio.Task[None]] = set()
        self._open = 1  # the one that the conversation began on
        self._closed = False

    def open_from_thread(self, pipes: int, talk: Conversation) -> None:
        """Dial until there are `pipes` of them. Returns at once. From any thread."""
        self._loop.call_soon_threadsafe(self._open_more, pipes, talk)

    def close(self) -> None:
        """The conversation is over: stop dialling for it. From the loop."""
        self._closed = True
        for task in self._dialling:
            task.cancel()

    def close_from_thread(self) -> None:
        """As `close`, from any thread; returns at once."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def _open_more(self, pipes: int, talk: Conversation) -> None:
        while self._open < pipes and not self._closed:
            self._open += 1
            task = asyncio.ensure_future(self._dial(talk))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)

    async def _dial(self, talk: Conversation) -> None:
        try:
            pipe = await self._lan.dial(talk.remote, within_s=DIAL_S)
        except EnvironmentProblem:
            return
        try:
            keys = await greeting.in_thread(
                pipe,
                greeting.greet_again,
                pipe,
                talk.stripe_secret,
                self._entropy,
                typed_address=self._typed_address,
                purpose=self._purpose,
            )
            pipe.set_deadline(None)
            talk.add_pipe(pipe, keys)
        except (EnvironmentProblem, PeerError):
            pipe.close()

"""Further pipes of a session that runs: the receiver dials them when the sender asks for them.

One that cannot be opened is left out: the hand-over goes on with those that there are.
"""

import asyncio

from satchel.core.session.handshake import Purpose
from satchel.errors import EnvironmentProblem, PeerError
from satchel.node import greeting
from satchel.node.receiving import ReceivingConversation
from satchel.ports import Entropy, Lan

DIAL_S = 5.0


class PipeOpener:
    """Dials for one conversation; used from the asyncio loop it was made on, but for `open_from_thread`."""

    def __init__(self, lan: Lan, entropy: Entropy, *, typed_address: bool) -> None:
        self._lan = lan
        self._entropy = entropy
        self._typed_address = typed_address
        self._loop = asyncio.get_running_loop()
        self._dialling: set[asyncio.Task[None]] = set()
        self._open = 1  # the one that the conversation began on
        self._closed = False

    def open_from_thread(self, pipes: int, talk: ReceivingConversation) -> None:
        """Dial until there are `pipes` of them. Returns at once."""
        self._loop.call_soon_threadsafe(self._open_more, pipes, talk)

    def close(self) -> None:
        """The conversation is over: stop dialling for it."""
        self._closed = True
        for task in self._dialling:
            task.cancel()

    def _open_more(self, pipes: int, talk: ReceivingConversation) -> None:
        while self._open < pipes and not self._closed:
            self._open += 1
            task = asyncio.ensure_future(self._dial(talk))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)

    async def _dial(self, talk: ReceivingConversation) -> None:
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
                purpose=Purpose.STRIPE,
            )
            pipe.set_deadline(None)
            talk.add_pipe(pipe, keys)
        except (EnvironmentProblem, PeerError):
            pipe.close()

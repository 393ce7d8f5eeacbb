"""The pipes beside one session, for hand-overs and for letters: whoever dialled the session dials them.

So they go where the session went: of two devices often only one can be reached. Spec: docs/spec/delivery.md,
section 4.
"""

import asyncio
import threading
from concurrent.futures import CancelledError, Future
from typing import Protocol

from satchel.core.session.handshake import Purpose, SessionKeys
from satchel.core.session.stripes import PIPES_MAX
from satchel.errors import EnvironmentProblem
from satchel.node import greeting
from satchel.node.delivery.tickets import Tickets
from satchel.node.encounter import Session
from satchel.node.pipes import Conversation, PipeOpener
from satchel.node.talks import PATIENCE_S
from satchel.ports import Endpoint, Entropy, Lan, Pipe

DIAL_S = 5.0
COMES_S = 30.0  # how long who dials may take, from the word on

Opened = tuple[Pipe, SessionKeys]


class OnePipe(Protocol):
    """The way of one hand-over, or of letters."""

    def open(self, port: int) -> Opened:
        """Blocks until the pipe is there. `port`: where to dial, if it is ours to dial.

        Raises EnvironmentProblem: it did not come about; PeerError.
        """
        ...

    def open_more(self, pipes: int, talk: Conversation) -> None:
        """From now on `talk` takes further ones: where we dial until there are so many in all, else those
        that come. From any thread; returns at once."""
        ...

    def close(self) -> None:
        """The hand-over is over; `open` ends, from another thread too."""
        ...


class Pipes:
    """For one session."""

    def __init__(
        self,
        session: Session,
        *,
        lan: Lan,
        tickets: Tickets,
        entropy: Entropy,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._session = session
        self._lan = lan
        self._tickets = tickets
        self._entropy = entropy
        self._loop = loop

    @property
    def port(self) -> int:
        """Where we listen for them now; of no meaning where we dial."""
        return self._session.listening_port()

    def prepare(self, secret: bytes, purpose: Purpose = Purpose.DELIVERY) -> OnePipe:
        """Before the word that lets the other side open it has left."""
        if self._session.we_dialled:
            return _Dialled(secret, self._session, self._lan, self._entropy, self._loop, purpose=purpose)
        return _Awaited(secret, purpose, self._tickets)


class _Dialled:
    def __init__(
        self,
        secret: bytes,
        session: Session,
        lan: Lan,
        entropy: Entropy,
        loop: asyncio.AbstractEventLoop,
        *,
        purpose: Purpose,
    ) -> None:
        self._secret = secret
        self._purpose = purpose
        self._remote = session.channel.pipe.remote
        self._typed_address = session.typed_address
        self._lan = lan
        self._entropy = entropy
        self._loop = loop
        self._further: PipeOpener | None = None
        self._dialling: Future[Pipe] | None = None
        self._pipe: Pipe | None = None
        self._closed = False

    def open(self, port: int) -> Opened:
        remote = self._remote
        endpoint = Endpoint(address=remote.address, port=port, scope=remote.scope)
        self._dialling = dialling = asyncio.run_coroutine_threadsafe(self._dial(endpoint), self._loop)
        if self._closed:
            dialling.cancel()
        try:
            pipe = dialling.result(DIAL_S + 1.0)
        except (TimeoutError, CancelledError) as exc:
            self.close()
            raise EnvironmentProblem("Nobody answered there.") from exc
        closing = threading.Timer(greeting.WHOLE_S, pipe.close)
        closing.daemon = True
        closing.start()
        try:
            if self._closed:
                raise EnvironmentProblem("This hand-over is over.")
            keys = greeting.greet_again(
                pipe,
                self._secret,
                self._entropy,
                typed_address=self._typed_address,
                purpose=self._purpose,
            )
        except BaseException:
            pipe.close()
            raise
        finally:
            closing.cancel()
        pipe.set_patience(PATIENCE_S)
        pipe.set_deadline(None)
        return pipe, keys

    async def _dial(self, endpoint: Endpoint) -> Pipe:
        """Of a dial that is cancelled just as it ends nobody hears: the pipe is kept here, for `close`."""
        self._pipe = pipe = await self._lan.dial(endpoint, within_s=DIAL_S)
        if self._closed:
            pipe.close()
        return pipe

    def open_more(self, pipes: int, talk: Conversation) -> None:
        if self._further is None:
            self._further = PipeOpener(
                self._lan,
                self._entropy,
                typed_address=self._typed_address,
                purpose=Purpose.DELIVERY_STRIPE,
                loop=self._loop,
            )
        self._further.open_from_thread(pipes, talk)

    def close(self) -> None:
        self._closed = True
        if self._dialling is not None:
            self._dialling.cancel()  # of one that is done nothing comes
        if self._pipe is not None:
            self._pipe.close()
        if self._further is not None:
            self._further.close_from_thread()


class _Awaited:
    def __init__(self, secret: bytes, purpose: Purpose, tickets: Tickets) -> None:
        self._tickets = tickets
        self._secrets = [secret]
        self._news = threading.Condition()  # guards all below
        self._come: Opened | None = None
        self._pipe: Pipe | None = None  # that was given to who opened it
        self._early: list[Opened] = []
        self._talk: Conversation | None = None
        self._closed = False
        self._purpose = purpose
        tickets.expect(secret, purpose, self._first)

    def open(self, port: int) -> Opened:  # noqa: ARG002 - for who dials
        with self._news:
            self._news.wait_for(lambda: self._come is not None or self._closed, COMES_S)
            opened, self._come = self._come, None
            if opened is None or self._closed:
                raise EnvironmentProblem("Nobody came for this hand-over.")
            # Those of further pipes may come before we have read that they are asked for.
            self._pipe, keys = opened
            if self._purpose is Purpose.DELIVERY:  # a pipe for letters stays alone
                self._secrets.append(keys.stripe_secret)
                self._tickets.expect(keys.stripe_secret, Purpose.DELIVERY_STRIPE, self._further)
            return opened

    def open_more(self, pipes: int, talk: Conversation) -> None:  # noqa: ARG002 - for who dials
        with self._news:
            self._talk = talk
            early, self._early = self._early, []
        for pipe, keys in early:
            talk.add_pipe(pipe, keys)

    def close(self) -> None:
        with self._news:
            self._closed = True
            unused = self._early + ([self._come] if self._come is not None else [])
            self._early, self._come = [], None
            for secret in self._secrets:
                self._tickets.forget(secret)
            self._news.notify_all()
        for pipe, _ in unused:
            pipe.close()
        if self._pipe is not None:
            self._pipe.close()

    def _first(self, pipe: Pipe, keys: SessionKeys) -> None:
        with self._news:
            if not self._closed and self._come is None and len(self._secrets) == 1:
                pipe.set_patience(PATIENCE_S)
                self._tickets.forget(self._secrets[0])
                self._come = pipe, keys
                self._news.notify_all()
                return
        pipe.close()

    def _further(self, pipe: Pipe, keys: SessionKeys) -> None:
        pipe.set_patience(PATIENCE_S)
        with self._news:
            talk, closed = self._talk, self._closed
            if talk is None and not closed and len(self._early) < PIPES_MAX:
                self._early.append((pipe, keys))
                return
        if talk is None or closed:
            pipe.close()
        else:
            talk.add_pipe(pipe, keys)

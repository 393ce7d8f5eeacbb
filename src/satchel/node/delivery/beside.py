"""The pipe for letters beside one session: opened, spoken over, and opened again when it broke.

One thread opens it and reads, one more says what there is. Spec: docs/spec/custody.md, 6.7, 6.8 and 7.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from satchel.core.session.frames import (
    CONTROL_SIZES,
    FULL_FRAME_BYTES,
    HEADER_BYTES,
    STRIPE_FRAME_BYTES,
    Kind,
)
from satchel.core.session.handshake import Purpose
from satchel.core.session.padding import tail_sizes
from satchel.errors import EnvironmentProblem, MisuseError, PeerError, SatchelError
from satchel.node import clock, events
from satchel.node.channel import Channel
from satchel.node.delivery.pipes import OnePipe, Opened, Pipes
from satchel.node.encounter import PATIENCE_S, Session
from satchel.node.letters.exchanging import Exchanging
from satchel.node.letters.office import PostOffice
from satchel.ports import Entropy

SECRET_BYTES = 32
AGAIN_S = 30.0  # from one pipe to the next
EARLY_S = 1.0  # two clocks do not run alike
FIRST_FRAME_S = 10.0
SPEAKS_AWAIT = 4  # session 4.2: from this version on there is custody 7.14

Say = Callable[[bytes], None]


class Beside:
    """For one session. `begin`, `dial` and `stop` from any thread, and return at once."""

    def __init__(
        self, session: Session, pipes: Pipes, office: PostOffice, entropy: Entropy, report: events.Report
    ) -> None:
        self._session = session
        self._pipes = pipes
        self._office = office
        self._entropy = entropy
        self._report = report
        self._over = threading.Event()
        self._guard = threading.Lock()  # guards all below
        self._way: OnePipe | None = None
        self._pipe_closes: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None
        self._dialled_s = float("-inf")

    def begin(self, say: Say) -> None:
        """The session is ready. `say(secret)` tells the contact that we listen for the pipe."""
        if not self._session.we_dialled:
            self._start(lambda: self._listen(say))

    def dial(self, secret: bytes, port: int) -> None:
        """The contact listens. One word too soon is passed over (M3)."""
        now_s = clock.monotonic_s()
        with self._guard:
            busy = self._thread is not None and self._thread.is_alive()
            if busy or now_s - self._dialled_s < AGAIN_S - EARLY_S:
                return
            self._dialled_s = now_s
        self._start(lambda: self._once(self._pipes.prepare(secret, Purpose.CUSTODY), port))

    def stop(self) -> None:
        """The session is over."""
        self._over.set()
        with self._guard:
            way, close = self._way, self._pipe_closes
        if way is not None:
            way.close()
        close()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _start(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, name="satchel-letters", daemon=True)
        self._thread.start()

    def _listen(self, say: Say) -> None:
        while not self._over.is_set():
            begun_s, secret = clock.monotonic_s(), self._entropy.draw(SECRET_BYTES)
            way = self._pipes.prepare(secret, Purpose.CUSTODY)
            try:
                say(secret)
            except SatchelError:  # the session is gone: who reads it has seen it, or will
                way.close()
                return
            self._once(way, 0)
            self._over.wait(max(0.0, begun_s + AGAIN_S - clock.monotonic_s()))

    def _once(self, way: OnePipe, port: int) -> None:
        """One pipe, all of it."""
        with self._guard:
            self._way = way
        if self._over.is_set():
            way.close()
        try:
            self._talk(way.open(port))
        except (PeerError, EnvironmentProblem, MisuseError):
            pass  # another one in a while, unless the session is over, too
        finally:
            way.close()

    def _talk(self, opened: Opened) -> None:
        pipe, keys = opened
        channel = Channel(pipe, keys, self._session.channel.suite)
        with self._guard:
            self._pipe_closes = pipe.close
        if self._over.is_set():
            pipe.close()
        if self._session.we_dialled:
            channel.show_up()
        else:
            pipe.set_deadline(FIRST_FRAME_S)
            if channel.receive(bytearray(CONTROL_SIZES[0]))[0] is not Kind.PADDING:
                raise PeerError("custody 6.8: a first frame that says something")
            pipe.set_deadline(None)
        pipe.set_patience(PATIENCE_S)
        speaker = _Speaker(channel, self._office)
        contact = self._session.contact.id
        exchanging = self._office.begin(
            contact,
            we_dialled=self._session.we_dialled,
            has_something=speaker.news.set,
            may_ask=self._session.speaks >= SPEAKS_AWAIT,
        )
        saying = threading.Thread(
            target=speaker.run, args=(exchanging,), name="satchel-letters-say", daemon=True
        )
        saying.start()
        try:
            self._hear(channel, exchanging)
        finally:
            self._office.end(exchanging)
            pipe.close()
            speaker.stop()
            saying.join()

    def _hear(self, channel: Channel, exchanging: Exchanging) -> None:
        plain = bytearray(FULL_FRAME_BYTES)
        while True:
            kind, body = channel.receive(plain)
            if kind is Kind.CONTROL:
                raise PeerError("custody 7.1: a message outside of a bulk frame")
            if kind is Kind.BULK:
                frame = bytes(body)
                try:
                    self._office.hear(exchanging, frame)
                except EnvironmentProblem as problem:  # our own disk
                    self._report(events.Trouble(problem=problem))
                    raise


class _Speaker:
    """Says what there is, in padded runs (transport 6)."""

    def __init__(self, channel: Channel, office: PostOffice) -> None:
        self.news = threading.Event()
        self._channel = channel
        self._office = office
        self._over = False
        self._plain = bytearray(STRIPE_FRAME_BYTES)
        self._run_bytes = 0

    def run(self, exchanging: Exchanging) -> None:
        try:
            with suppress(SatchelError):
                while not self._over:
                    self.news.wait()
                    self.news.clear()
                    self._say_all(exchanging)
        finally:
            self._channel.pipe.close()  # who reads ends

    def stop(self) -> None:
        self._over = True
        self.news.set()

    def _say_all(self, exchanging: Exchanging) -> None:
        while not self._over:
            body, more = self._office.next_frame(exchanging)
            if not body and not self._run_bytes:
                return
            if more:
                self._send(body, STRIPE_FRAME_BYTES)
                self._run_bytes += STRIPE_FRAME_BYTES
                continue
            for number, size in enumerate(tail_sizes(self._run_bytes, len(body), STRIPE_FRAME_BYTES)):
                if body and not number:
                    self._send(body, size)
                else:
                    self._channel.send_padding(size)
            self._run_bytes = 0

    def _send(self, body: bytes, size: int) -> None:
        self._plain[HEADER_BYTES : HEADER_BYTES + len(body)] = body
        self._channel.send_bulk(self._plain, len(body), size)

"""What waits between us and one contact, over one session: given and taken in turns, until it ends.

One thread reads what the contact says; where there is something, one more gives and one more takes. Whoever
pokes is never kept waiting by a contact that does not read (M3).
"""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, assert_never

from satchel.core.delivery import effects as e
from satchel.core.delivery.codec import MESSAGE_BYTES_MAX, SECRET_BYTES, decode, encode
from satchel.core.delivery.messages import LeaveReason
from satchel.core.delivery.turns import Turns
from satchel.core.handover.messages import StopReason
from satchel.core.session.frames import CONTROL_SIZES, Kind
from satchel.errors import EnvironmentProblem, PeerError, SatchelError
from satchel.node import clock, events
from satchel.node.delivery.beside import Beside
from satchel.node.delivery.giving import Gift, Giving
from satchel.node.delivery.pipes import OnePipe, Opened, Pipes
from satchel.node.delivery.taking import Reception
from satchel.node.encounter import Session
from satchel.node.outcome import Outcome
from satchel.ports import Entropy, HandoverId

SPEAKS_BESIDE = 3  # session 4.2: from this version on there is the pipe of custody 6.7
AGAIN_AFTER_S = 30.0  # what broke off, or was left for now, while the session stays


@dataclass(frozen=True, slots=True)
class Ended:
    """How a hand-over ended, on our side."""

    outcome: Outcome
    problem: SatchelError | None  # what it raised
    loss: events.Loss  # why, where the outcome is LOST
    contents: events.Contents  # of what was wanted


class Owner(Protocol):
    """What one session asks of the node. Called from several threads."""

    entropy: Entropy

    def next_gift(self, session: Session, *, but: set[HandoverId]) -> Gift | None:
        """What is next for this contact, looked at just now. None: nothing."""
        ...

    def giving(self, session: Session, gift: Gift, opened: Opened, way: OnePipe) -> Giving: ...
    def was_given(self, gift: Gift, ended: Ended) -> None: ...
    def was_left(self, gift: Gift, reason: LeaveReason) -> bool:
        """Whether something may be offered at once, this one too."""
        ...

    def rest_s(self, session: Session) -> float:
        """How long the contact waits until what it has is looked at (M3)."""
        ...

    def consider(self, session: Session, id: bytes, *, accepted: bool) -> Reception | LeaveReason:
        """What to do about what the contact has."""
        ...

    def was_taken(self, reception: Reception, ended: Ended) -> None: ...
    def withdraw(self, session: Session) -> None:
        """It is over: nobody is asked for it any more."""
        ...


class Talking:
    """`run` once, in a thread; `poke`, `come`, `take_back` and `refuse` from any, and return at once."""

    def __init__(self, session: Session, pipes: Pipes, owner: Owner, beside: Beside | None = None) -> None:
        """`beside`: letters, where this node has them and the contact knows them."""
        self._session = session
        self._pipes = pipes
        self._owner = owner
        self._beside = beside
        self._turns = Turns(we_dialled=session.we_dialled, has_beside=session.speaks >= SPEAKS_BESIDE)
        self._turn = threading.RLock()  # guards the turns; held while something short is said
        self._guard = threading.RLock()  # guards all below, and is never held while anything is said
        self._over = False
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._running: dict[object, Callable[[], None]] = {}  # what stops each that runs
        self._receiving: Reception | None = None
        self._giving: tuple[HandoverId, Giving] | None = None
        self._taken_back: set[HandoverId] = set()
        self._words: queue.SimpleQueue[e.Give | e.Left | None] = queue.SimpleQueue()
        self._gives = False  # a thread is at it
        self._may_have_more = False
        self._not_now: dict[HandoverId, float] = {}  # since when
        self._again_s: dict[HandoverId, float] = {}  # of those: when they may be offered again
        self._timer: threading.Timer | None = None

    def run(self) -> None:
        """Until the contact says Bye, or the session ends. Raises EnvironmentProblem: it broke
        off; PeerError."""
        self.poke()
        if self._beside is not None:
            self._beside.begin(self._say_beside)
        plain = bytearray(CONTROL_SIZES[0])
        try:
            while not self._over:
                kind, body = self._session.channel.receive(plain)
                if kind is Kind.PADDING:
                    continue
                if kind is not Kind.CONTROL or len(body) > MESSAGE_BYTES_MAX:
                    raise PeerError("delivery 2.1: not a message")
                message = decode(bytes(body))
                with self._turn:
                    self._carry_out(self._turns.hear(message))
        finally:
            self._end()

    def poke(self) -> None:
        """Something may wait for this contact."""
        with self._guard:
            self._may_have_more = True
            if not self._gives and not self._over:
                self._gives = True
                self._start(self._give_all, "satchel-give")

    @property
    def is_busy(self) -> bool:
        with self._guard:
            return self._gives or bool(self._running)

    def come(self) -> None:
        """What we left for now may be offered again."""
        with self._guard:
            if not self._over:
                self._start(self._say_come, "satchel-come")

    def take_back(self, id: HandoverId) -> None:
        """The person does not want to give this any more: what runs of it ends, for good."""
        with self._guard:
            self._taken_back.add(id)  # it may be offered now, and the contact may answer when it likes (M3)
            if self._giving is not None and self._giving[0] == id:
                self._giving[1].conversation.stop(StopReason.GIVEN_UP)

    def stop_taking(self) -> None:
        """The person wants nothing of this contact: what comes ends, and is refused from now on."""
        with self._guard:
            reception = self._receiving
        if reception is not None:
            reception.stop()

    def refuse(self, theirs: bytes) -> bool:
        """The person does not want this any more. Whether it is coming: then it ends, and cleans up."""
        with self._guard:
            reception = self._receiving
        if reception is None or reception.theirs != theirs:
            return False
        reception.refuse()
        return True

    def _say_come(self) -> None:
        with self._turn, suppress(EnvironmentProblem):
            self._carry_out(self._turns.come())

    def _say_beside(self, secret: bytes) -> None:
        with self._turn:
            self._carry_out(self._turns.beside(secret=secret, port=self._pipes.port))

    # --- the reading thread -----------------------------------------------------------------------

    def _carry_out(self, effects: Sequence[e.Effect]) -> None:
        for effect in effects:
            match effect:
                case e.Say(message=message):
                    self._session.channel.send_control(encode(message))
                case e.Consider(id=id, accepted=accepted):
                    self._start(partial(self._take, id, accepted=accepted), "satchel-take")
                case e.Give():
                    self._words.put(effect)
                case e.Left(id=id, reason=reason):
                    if reason is LeaveReason.NOT_NOW:  # before its Come is heard, which may be the next
                        self._leave_out(HandoverId(id))
                    self._words.put(effect)
                case e.Receive():
                    raise AssertionError("an effect of take(), which looks at it")
                case e.MayComeAgain():
                    self._offer_left_again()
                case e.DialBeside(secret=secret, port=port):
                    if self._beside is not None:
                        self._beside.dial(secret, port)
                case e.Gone():
                    self._over = True
                case _:
                    assert_never(effect)

    def _start(self, work: Callable[[], None], name: str) -> None:
        with self._guard:
            if self._over:
                return
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _end(self) -> None:
        with self._guard:
            self._over = True
            stops, threads, timer = list(self._running.values()), list(self._threads), self._timer
        self._ended.set()
        self._session.channel.pipe.close()  # whoever is in the middle of saying something ends
        self._words.put(None)
        if timer is not None:
            timer.cancel()
        for stop in stops:
            stop()
        if self._beside is not None:
            self._beside.stop()
            self._beside.join()
        self._owner.withdraw(self._session)
        for thread in threads:
            thread.join()

    def _runs(self, who: object, stop: Callable[[], None]) -> bool:
        """From now on `stop` ends it. False: the session is over."""
        with self._guard:
            if self._over:
                return False
            self._running[who] = stop
            return True

    def _ran(self, who: object) -> None:
        with self._guard:
            self._running.pop(who, None)

    # --- giving -------------------------------------------------------------------------------------

    def _give_all(self) -> None:
        try:
            while True:
                with self._guard:
                    self._may_have_more = False
                    but = set(self._not_now)
                gift = None if self._over else self._owner.next_gift(self._session, but=but)
                if gift is not None:
                    self._offer(gift)
                    continue
                with self._guard:
                    if self._over or not self._may_have_more:
                        self._gives = False
                        return
        except EnvironmentProblem:  # what was to be said could not be: who reads has seen it, or will
            self._session.channel.pipe.close()

    def _offer(self, gift: Gift) -> None:
        """Raises EnvironmentProblem: the session is gone."""
        secret = self._owner.entropy.draw(SECRET_BYTES)
        way = self._pipes.prepare(secret)
        try:
            with self._turn:
                offering = self._turns.offer(
                    gift.queued.id,
                    secret=secret,
                    accepted=gift.wanted is not None,
                    port=self._pipes.port,
                )
                self._carry_out(offering)
            word = self._words.get()
            if word is None:
                raise EnvironmentProblem("The session is over.")
            if isinstance(word, e.Give):
                self._give(gift, way, word.port)
            elif not self._owner.was_left(gift, word.reason) and word.reason is not LeaveReason.NOT_NOW:
                self._leave_out(gift.queued.id)
        finally:
            way.close()

    def _give(self, gift: Gift, way: OnePipe, port: int) -> None:
        outcome, problem = Outcome.REFUSED, None
        loss, contents = events.Loss.BROKEN, events.Contents()
        try:
            if self._runs(way, way.close):
                giving = self._owner.giving(self._session, gift, way.open(port), way)
                with self._guard:
                    self._giving = gift.queued.id, giving
                    if gift.queued.id in self._taken_back:
                        giving.conversation.stop(StopReason.GIVEN_UP)  # before its first word
                if not self._runs(way, giving.conversation.stop):
                    giving.conversation.break_off()
                outcome = giving.run()  # also then: its threads end with it
                loss, contents = giving.conversation.loss, giving.conversation.contents
        except SatchelError as raised:
            problem = raised
        finally:
            self._ran(way)
            with self._guard:
                self._giving = None
        self._owner.was_given(gift, Ended(outcome, problem, loss, contents))
        # Not again at once, while the session stays; not at all if our disk could not keep that it is over.
        self._leave_out(gift.queued.id)
        if outcome not in (Outcome.COMPLETE, Outcome.DECLINED, Outcome.GIVEN_UP):
            self._offer_left_again(gift.queued.id)
        with self._turn:
            self._turns.given()

    def _leave_out(self, id: HandoverId) -> None:
        with self._guard:
            self._not_now.setdefault(id, clock.monotonic_s())

    def _offer_left_again(self, *ids: HandoverId) -> None:
        """These, or all; no sooner than AGAIN_AFTER_S after they were left, whatever is said (M3)."""
        with self._guard:
            for id in ids or list(self._not_now):
                self._again_s[id] = self._not_now[id] + AGAIN_AFTER_S
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._over or not self._again_s:
            return
        rest_s = max(0.0, min(self._again_s.values()) - clock.monotonic_s())
        self._timer = threading.Timer(rest_s, self._again)
        self._timer.daemon = True
        self._timer.start()

    def _again(self) -> None:
        with self._guard:
            now_s = clock.monotonic_s()
            for id in [id for id, at_s in self._again_s.items() if at_s <= now_s]:
                del self._again_s[id]
                self._not_now.pop(id, None)
            self._arm()
        self.poke()

    # --- taking -------------------------------------------------------------------------------------

    def _take(self, id: bytes, *, accepted: bool) -> None:
        if self._ended.wait(self._owner.rest_s(self._session)):  # no end of a node waits for that
            return
        try:
            what = self._owner.consider(self._session, id, accepted=accepted)
            if isinstance(what, Reception):
                self._receive(what)
            else:
                with self._turn:
                    self._carry_out(self._turns.leave(what))
        except EnvironmentProblem:  # as in _give_all
            self._session.channel.pipe.close()

    def _receive(self, reception: Reception) -> None:
        """Raises EnvironmentProblem: the session is gone."""
        with self._turn:
            way = self._pipes.prepare(self._turns.offered_secret)
            *said, receive = self._turns.take(port=self._pipes.port)
            assert isinstance(receive, e.Receive)
            try:
                self._carry_out(said)
            except BaseException:
                way.close()
                raise
        outcome, problem = Outcome.REFUSED, None
        loss, contents = events.Loss.BROKEN, events.Contents()
        try:
            if self._runs(way, way.close):
                with self._guard:
                    self._receiving = reception
                opened = way.open(receive.port)
                if self._runs(way, reception.stop):
                    outcome = reception.run(opened, way, we_dialled=self._session.we_dialled)
                    loss, contents = reception.loss, reception.contents
        except SatchelError as raised:
            problem = raised
        finally:
            way.close()
            self._ran(way)
            with self._guard:
                self._receiving = None
        self._owner.was_taken(reception, Ended(outcome, problem, loss, contents))
        with self._turn:
            self._carry_out(self._turns.received())

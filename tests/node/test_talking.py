"""What a contact says about what waits, in any order and at any speed, harms only what is between us (M3)."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from satchel.core.delivery.codec import decode, encode
from satchel.core.delivery.messages import Come, Leave, LeaveReason, Message, Waits
from satchel.core.identity.contacts import ContactId
from satchel.core.session.frames import Kind
from satchel.errors import EnvironmentProblem, MisuseError, SatchelError
from satchel.node.delivery import talking as talking_module
from satchel.node.delivery.desk import Desk, Question, Unanswered
from satchel.node.delivery.talking import Talking

WAIT_S = 5.0
CONTACT = ContactId(b"somebody's device")
KEY = (CONTACT, b"what they call it")


class ScriptedChannel:
    """A session whose other side is the test."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.said: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.is_broken = False
        self.nobody_reads = threading.Event()
        self.nobody_reads.set()
        self.pipe = SimpleNamespace(close=lambda: self.inbox.put(None))

    def receive(self, _plain: bytearray) -> tuple[Kind, memoryview]:
        body = self.inbox.get()
        if body is None:
            raise EnvironmentProblem("It is gone.")
        return Kind.CONTROL, memoryview(body)

    def send_control(self, body: bytes) -> None:
        if self.is_broken:
            raise EnvironmentProblem("It is gone.")
        self.nobody_reads.wait(WAIT_S)
        self.said.put(decode(body))

    def hear(self, *messages: Message) -> None:
        for message in messages:
            self.inbox.put(encode(message))

    def waits(self) -> Waits:
        said = self.said.get(timeout=WAIT_S)
        assert isinstance(said, Waits)
        return said


class ScriptedOwner:
    """A node with gifts 1 to n, which takes nothing."""

    def __init__(self, gifts: int) -> None:
        self.entropy = SimpleNamespace(draw=bytes)
        self.gifts = [gift(number) for number in range(1, gifts + 1)]
        self.rests_s = 0.0
        self.looks_at_disk = threading.Event()
        self.looks_at_disk.set()

    def next_gift(self, _session: object, *, but: set[bytes]) -> Any:
        return next((one for one in self.gifts if one.queued.id not in but), None)

    def was_left(self, _gift: object, _reason: LeaveReason) -> bool:
        self.looks_at_disk.wait(WAIT_S)
        return False

    def rest_s(self, _session: object) -> float:
        return self.rests_s

    def consider(self, _session: object, _id: bytes, *, accepted: bool) -> LeaveReason:
        return LeaveReason.NOT_NOW

    def withdraw(self, _session: object) -> None:
        pass


def gift(number: int) -> Any:
    return SimpleNamespace(queued=SimpleNamespace(id=bytes([number]) * 16), wanted=None)


@contextmanager
def talking(owner: ScriptedOwner) -> Iterator[tuple[Talking, ScriptedChannel]]:
    channel = ScriptedChannel()
    session: Any = SimpleNamespace(we_dialled=True, speaks=2, channel=channel)
    pipes: Any = SimpleNamespace(prepare=lambda _secret: SimpleNamespace(close=lambda: None), port=0)
    scripted: Any = owner
    one = Talking(session, pipes, scripted)

    def run() -> None:
        with suppress(SatchelError):
            one.run()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield one, channel
    finally:
        channel.nobody_reads.set()
        channel.inbox.put(None)
        thread.join(WAIT_S)
        assert not thread.is_alive()


def test_a_come_right_behind_its_leave_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking_module, "AGAIN_AFTER_S", 0.05)
    owner = ScriptedOwner(1)
    owner.looks_at_disk.clear()
    with talking(owner) as (_, channel):
        first = channel.waits()
        channel.hear(Leave(id=first.id, reason=LeaveReason.NOT_NOW), Come())
        time.sleep(0.2)
        owner.looks_at_disk.set()
        assert channel.waits().id == first.id


def test_what_was_left_is_not_offered_again_before_its_time_whatever_is_said() -> None:
    with talking(ScriptedOwner(1)) as (_, channel):
        channel.hear(Leave(id=channel.waits().id, reason=LeaveReason.NOT_NOW), *[Come()] * 50)
        with pytest.raises(queue.Empty):
            channel.said.get(timeout=0.3)


def test_a_thousand_comes_start_no_threads() -> None:
    with talking(ScriptedOwner(20)) as (_, channel):
        for _ in range(20):
            channel.hear(Leave(id=channel.waits().id, reason=LeaveReason.NOT_NOW))
        time.sleep(0.2)
        before = threading.active_count()
        channel.hear(*[Come()] * 1000)
        time.sleep(0.3)
        assert threading.active_count() <= before + 1  # the one timer


def test_a_session_that_breaks_while_something_is_said_ends_without_a_mistake() -> None:
    with talking(ScriptedOwner(2)) as (one, channel):
        channel.waits()
        channel.is_broken = True
        channel.hear(Leave(id=bytes([1]) * 16, reason=LeaveReason.NOT_NOW))
        one.poke()


def test_who_does_not_read_keeps_nobody_else_waiting() -> None:
    with talking(ScriptedOwner(0)) as (one, channel):
        channel.nobody_reads.clear()
        channel.hear(Waits(id=bytes(16), secret=bytes(32), accepted=False, port=4000))
        time.sleep(0.2)
        for call in (one.poke, one.come, lambda: one.take_back(gift(1).queued.id)):
            assert quick(call)


def test_t1_the_end_does_not_wait_until_a_contact_may_ask_again() -> None:
    """`satchel lock` kills a node that takes three seconds to end."""
    owner = ScriptedOwner(0)
    owner.rests_s = WAIT_S
    with talking(owner) as (_, channel):
        channel.hear(Waits(id=bytes(16), secret=bytes(32), accepted=False, port=4000))
        time.sleep(0.2)
        before_s = time.monotonic()
    assert time.monotonic() - before_s < 1.0


def quick(call: Callable[[], object]) -> bool:
    done = threading.Event()

    def run() -> None:
        call()
        done.set()

    threading.Thread(target=run, daemon=True).start()
    return done.wait(1.0)


# --- the desk ----------------------------------------------------------------------------------------


def ask(desk: Desk, note: str = "a text", *, has_gone: Callable[[], bool] = lambda: False) -> Any:
    return desk.ask(KEY, ((), note), name="amina", is_verified=True, has_gone=has_gone)


def asking(desk: Desk, note: str = "a text", **gone: Any) -> "queue.SimpleQueue[object]":
    answer: queue.SimpleQueue[object] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put(ask(desk, note, **gone))
        except Unanswered as unanswered:
            answer.put(unanswered)

    threading.Thread(target=run, daemon=True).start()
    return answer


def asked_of(desk: Desk) -> "queue.SimpleQueue[Question]":
    told: queue.SimpleQueue[Question] = queue.SimpleQueue()
    desk.tell = told.put
    return told


def test_a_question_of_who_has_gone_before_it_was_asked_is_not_waited_for() -> None:
    desk = Desk()
    desk.withdraw(CONTACT)
    assert isinstance(asking(desk, has_gone=lambda: True).get(timeout=WAIT_S), Unanswered)
    assert desk.questions() == []


def test_the_same_question_again_is_one_and_the_newest_gets_the_answer() -> None:
    desk = Desk()
    told = asked_of(desk)
    first = asking(desk)
    number = told.get(timeout=WAIT_S).number
    second = asking(desk)
    assert isinstance(first.get(timeout=WAIT_S), Unanswered)
    desk.answer(number, range(0))
    assert second.get(timeout=WAIT_S) == range(0)
    assert told.empty()


def test_a_word_that_was_not_heard_is_given_again_without_asking() -> None:
    desk = Desk()
    told = asked_of(desk)
    first = asking(desk)
    desk.answer(told.get(timeout=WAIT_S).number, None)
    assert first.get(timeout=WAIT_S) is None
    assert ask(desk) is None
    assert told.empty()


def test_another_offer_takes_the_place_of_the_one_before() -> None:
    """M3: of one contact one question is kept, however many it asks and withdraws."""
    desk = Desk()
    told = asked_of(desk)
    before = asking(desk, "one")
    number = told.get(timeout=WAIT_S).number
    asking(desk, "two")
    told.get(timeout=WAIT_S)
    assert isinstance(before.get(timeout=WAIT_S), Unanswered)
    assert [question.note for question in desk.questions()] == ["two"]
    with pytest.raises(MisuseError):
        desk.answer(number, range(0))
    desk.keep(set())
    assert desk.questions() == []

"""What waits for a contact goes when the contact is there, and nothing else does (M2, M3, M4, P2)."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from node import contact_sides
from node.contact_sides import LIMIT_S, Device, Hands, Running, pair_up, running
from node.pretend_lan import Air
from satchel.core.handover.messages import Entry, EntryKind
from satchel.core.identity.settings import Accept
from satchel.node import events
from satchel.node.delivery.taking import LEFT_FREE_BYTES
from satchel.node.encounter import Session
from satchel.node.entries import receiver_record
from satchel.ports import HandoverId, RecordHead, Role
from satchel.ports.contacts import Taking
from satchel.ports.queue import QueueState
from satchel.store.blobs import erased
from satchel.store.chosen import ChosenFolder
from satchel.store.source import Survey, survey

A, B = "127.0.0.2", "127.0.0.3"


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 3 * LIMIT_S))


@pytest.fixture
def hands(tmp_path: Path) -> tuple[Hands, Hands]:
    amina, bilal = Device("amina"), Device("bilal")
    pair_up(amina, bilal)
    return Hands(amina, tmp_path / "amina"), Hands(bilal, tmp_path / "bilal", Accept.VERIFIED)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(os.urandom(3_000_000))
    return path


def told(node: Running, kind: type[events.Event]) -> list[events.ByContact]:
    return [one for one in node.told if isinstance(one, events.ByContact) and isinstance(one.event, kind)]


@asynccontextmanager
async def together(giver: Hands, taker: Hands) -> AsyncIterator[tuple[Running, Running]]:
    """Both in one network, with nobody else."""
    air = Air()
    async with (
        running(air, giver.device, A, hands_over=giver) as here,
        running(air, taker.device, B, hands_over=taker) as there,
    ):
        yield here, there


async def over(*nodes: Running, times: int = 1) -> None:
    for node in nodes:
        await node.until(lambda node=node: len(told(node, events.Delivered)) >= times)  # type: ignore[misc]


@pytest.mark.parametrize("who_dials", ["giver", "taker", "either"])
def test_what_waits_goes_by_itself_whoever_dials(
    hands: tuple[Hands, Hands], photo: Path, who_dials: str
) -> None:
    giver, taker = hands
    giver.queue.add(giver.wants_to_give(photo))

    async def test() -> None:
        air = Air()
        async with (
            running(air, giver.device, A, hands_over=giver, muted=who_dials == "giver") as here,
            running(air, taker.device, B, hands_over=taker, muted=who_dials == "taker") as there,
        ):
            await over(here, there)
            if who_dials != "either":
                assert {session.we_dialled for session in here.sessions} == {who_dials == "giver"}

    run(test)
    assert (taker.into / "photo.jpg").read_bytes() == photo.read_bytes()
    assert giver.queue.all() == []
    for side in hands:
        assert side.records.of_contacts(Role.SENDER) == side.records.of_contacts(Role.RECEIVER) == []
    assert [path.name for path in taker.into.iterdir()] == ["photo.jpg"]


def test_both_give_at_once_and_more_than_one_thing(hands: tuple[Hands, Hands], tmp_path: Path) -> None:
    hands[0].accept = Accept.VERIFIED
    for number, side in enumerate(hands):
        for name in ("one", "two", "three"):
            path = tmp_path / f"{name}-{number}"
            path.write_bytes(os.urandom(100_000))
            side.queue.add(side.wants_to_give(path))

    async def test() -> None:
        async with together(*hands) as (here, there):
            await over(here, there, times=6)

    run(test)
    for number, side in enumerate(hands):
        assert sorted(path.name for path in side.into.iterdir()) == [
            f"{name}-{1 - number}" for name in ("one", "three", "two")
        ]
        assert side.queue.all() == []


def test_a_person_is_asked_and_may_decline(hands: tuple[Hands, Hands], photo: Path) -> None:
    giver, taker = hands
    taker.accept = Accept.ASK
    giver.queue.add(giver.wants_to_give(photo))

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await there.until(lambda: taker.asked)
            [question] = taker.desk.questions()
            assert question.name == "amina"
            assert [entry.path for entry in question.entries] == [(b"photo.jpg",)]
            assert not any(taker.into.iterdir())
            taker.desk.answer(question.number, None)
            await here.until(lambda: told(here, events.Declined))

    run(test)
    assert [queued.state for queued in giver.queue.all()] == [QueueState.DECLINED]
    assert not any(taker.into.iterdir())


@pytest.mark.slow
def test_the_answer_may_come_when_the_contact_has_gone(hands: tuple[Hands, Hands], photo: Path) -> None:
    giver, taker = hands
    taker.accept = Accept.ASK
    giver.queue.add(giver.wants_to_give(photo))

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver):
                await there.until(lambda: taker.asked)
            await there.until(lambda: not taker.desk.questions())
            taker.desk.answer(1, range(1))
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.node.meet()  # shouts at once
                await over(here, there)
        assert len(taker.asked) == 1

    run(test)
    assert (taker.into / "photo.jpg").read_bytes() == photo.read_bytes()


def test_m2_an_unverified_contact_is_never_taken_from_unasked(
    hands: tuple[Hands, Hands], photo: Path
) -> None:
    giver, taker = hands
    contact = taker.device.kept()
    taker.device.contacts.set_taking(contact.id, Taking.ACCEPT)
    unverify(taker.device)
    giver.queue.add(giver.wants_to_give(photo))

    async def test() -> None:
        async with together(giver, taker) as (_, there):
            await there.until(lambda: taker.asked)
            assert not taker.asked[0].is_verified
            assert not any(taker.into.iterdir())

    run(test)


def unverify(device: Device) -> None:
    with device.database.changing() as database:
        database.execute("UPDATE contact SET proof = 'UNVERIFIED'")


def test_who_is_refused_is_told_and_asks_nobody(hands: tuple[Hands, Hands], photo: Path) -> None:
    giver, taker = hands
    taker.device.contacts.set_taking(taker.device.kept().id, Taking.REFUSE)
    giver.queue.add(giver.wants_to_give(photo))

    async def test() -> None:
        async with together(giver, taker) as (here, _):
            await here.until(lambda: told(here, events.Declined))

    run(test)
    assert taker.asked == []


def test_a_text_waits_for_its_reader(hands: tuple[Hands, Hands]) -> None:
    giver, taker = hands
    giver.queue.add(giver.wants_to_give(note="meet me at the well"))

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await there.until(lambda: taker.asked)
            await asyncio.sleep(0.2)
            assert giver.queue.all()
            taker.desk.answer(1, range(0))
            await over(here)
            [read] = told(there, events.NoteReceived)
            assert isinstance(read.event, events.NoteReceived)
            assert read.event.text == "meet me at the well"

    run(test)
    assert giver.queue.all() == []


@pytest.mark.slow
def test_it_goes_on_where_it_broke_off_in_another_session(hands: tuple[Hands, Hands], tmp_path: Path) -> None:
    giver, taker = hands
    film = tmp_path / "film"
    film.write_bytes(os.urandom(1 << 20) * 200)
    giver.queue.add(giver.wants_to_give(film))

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver):
                await there.until(lambda: moved(there) > 30 << 20)
            before = moved(there)
            assert giver.queue.all()[0].accepted
            assert not (taker.into / "film").exists()
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.node.meet()  # shouts at once
                await over(here, there)
                assert moved(here) < (200 << 20) - before // 2

    run(test)
    assert (taker.into / "film").read_bytes() == film.read_bytes()


def moved(node: Running) -> int:
    progress = [one.event for one in told(node, events.Progress)]
    return max((one.bytes_moved for one in progress if isinstance(one, events.Progress)), default=0)


def test_what_cannot_be_read_is_told_once_and_waits(hands: tuple[Hands, Hands], photo: Path) -> None:
    giver, taker = hands
    other = photo.with_name("not-there")
    giver.queue.add(giver.wants_to_give(other))
    giver.queue.add(giver.wants_to_give(photo))

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await over(here, there)
            assert len(told(here, events.CannotBeRead)) == 1

    run(test)
    assert [queued.state for queued in giver.queue.all()] == [QueueState.FAILED]
    other.write_bytes(b"here now")

    run(partial(deliver, giver, taker))
    assert (taker.into / "not-there").read_bytes() == b"here now"


def test_what_was_uploaded_and_is_not_here_is_told_and_waits(
    hands: tuple[Hands, Hands], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore: what else waits goes on."""
    giver, taker = hands
    giver.queue.add(giver.wants_to_give(photo.with_name("uploaded")))
    giver.queue.add(giver.wants_to_give(photo))

    def look_at(paths: list[bytes]) -> Survey:
        if paths[0].endswith(b"uploaded"):
            raise erased()
        return survey(paths)

    monkeypatch.setattr(contact_sides, "survey", look_at)

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await over(here, there)
            assert len(told(here, events.CannotBeRead)) == 1

    run(test)
    assert [queued.state for queued in giver.queue.all()] == [QueueState.FAILED]


async def deliver(giver: Hands, taker: Hands) -> None:
    async with together(giver, taker) as (here, there):
        await over(here, there)


def test_put_while_the_contact_is_here(hands: tuple[Hands, Hands], photo: Path) -> None:
    giver, taker = hands

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await here.until(lambda: here.talking)
            await there.until(lambda: there.talking)
            assert here.deliveries is not None
            here.deliveries.put(giver.wants_to_give(photo))
            await over(here, there)

    run(test)
    assert (taker.into / "photo.jpg").exists()


@pytest.mark.slow
def test_what_is_taken_back_while_the_contact_thinks_does_not_go(hands: tuple[Hands, Hands]) -> None:
    """A contact may say Take as late as it likes: `queue remove` said that it is taken back (M2)."""
    giver, taker = hands
    secret = giver.wants_to_give(note="meet me at the well")

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            assert here.deliveries is not None
            thinks, decided = threading.Event(), threading.Event()
            assert there.deliveries is not None
            considers = there.deliveries.consider

            def consider(session: Session, id: bytes, *, accepted: bool) -> Any:
                thinks.set()
                decided.wait(LIMIT_S)
                return considers(session, id, accepted=accepted)

            there.deliveries.consider = consider  # type: ignore[method-assign]
            here.deliveries.put(secret)
            await there.until(thinks.is_set)
            here.deliveries.take_back(secret.id)
            decided.set()
            here.deliveries.put(giver.wants_to_give(note="another"))
            await there.until(lambda: taker.asked)
        assert [question.note for question in taker.asked] == ["another"]

    run(test)


def test_m3_room_is_promised_once(
    hands: tuple[Hands, Hands], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was accepted and broken off still needs its room: else offer after offer would see it free."""
    giver, taker = hands
    giver.queue.add(giver.wants_to_give(photo))
    monkeypatch.setattr(ChosenFolder, "free_bytes", lambda _folder: LEFT_FREE_BYTES + 5_000_000)
    broken_off = RecordHead(
        id=HandoverId(os.urandom(16)),
        role=Role.RECEIVER,
        secret=b"",
        older_secret=None,
        into=os.fsencode(taker.into),
        finished=False,
        contact=taker.device.kept().id,
        theirs=os.urandom(16),
    )
    film = Entry(path=(b"film",), kind=EntryKind.FILE, size=4_000_000, mtime_ns=0, executable=False)
    taker.records.create(broken_off, [receiver_record(0, film, accepted=True)])

    async def test() -> None:
        async with together(giver, taker) as (_, there):
            await there.until(lambda: taker.asked or told(there, events.Delivered))
            assert [question.entries[0].path for question in taker.asked] == [(b"photo.jpg",)]

    run(test)


def test_m3_a_text_that_comes_again_and_again_waits_each_time(hands: tuple[Hands, Hands]) -> None:
    """Its reader has said yes once, and each time it stands on the screen."""
    giver, taker = hands
    text = giver.wants_to_give(note="read me")
    giver.queue.add(text)

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.until(lambda: taker.asked)
                taker.desk.answer(1, range(0))
                await over(here, there)
            giver.queue.add(text)
            async with running(air, giver.device, A, hands_over=giver):
                await there.node.meet()  # shouts at once
                await there.until(lambda: len(there.sessions) > 1)
                await asyncio.sleep(1.0)
                assert len(told(there, events.NoteReceived)) == 1

    run(test)


def test_of_an_unverified_contact_everything_says_so(hands: tuple[Hands, Hands]) -> None:
    giver, taker = hands
    giver.queue.add(giver.wants_to_give(note="who am I?"))
    unverify(taker.device)

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await there.until(lambda: taker.asked)
            taker.desk.answer(1, range(0))
            await over(here, there)
            assert {one.verified for one in told(there, events.Delivered)} == {False}
            assert {one.verified for one in told(here, events.Delivered)} == {True}

    run(test)

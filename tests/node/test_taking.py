"""The receiving node as a whole, against a real sender in the same process: breaks, silence, folders."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from node.pretend_lan import Air, PretendLan
from node.sides import LIMIT_S, Side
from satchel.core.discovery.datagram import (
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    SlotKey,
    SlotKind,
    draw_datagram,
)
from satchel.core.handover.messages import Entry, EntryKind
from satchel.core.pairing.code import SpokenCode
from satchel.core.session.flight import check_flight
from satchel.core.session.handshake import SessionKeys
from satchel.core.session.resumption import ResumptionKeys, SecretKey
from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo, NotTheFolder
from satchel.node import code_tries, events, greeting, taking
from satchel.node.by_code import ByCode
from satchel.node.entropy import SystemEntropy
from satchel.ports import Arrived, Endpoint, HandoverId, Landing, Role
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding
from satchel.store.source import survey

Answer = Callable[[events.OfferShown], frozenset[int]]


async def hand_over(amina: Side, bilal: Side, letter: Path, decide: Callable[[Air], Answer]) -> None:
    """With a code. `decide`: what the receiving person answers, and what happens meanwhile."""
    air = Air()
    shown: asyncio.Queue[str] = asyncio.Queue()

    def report(event: events.Event) -> None:
        amina.told.append(event)
        if isinstance(event, events.CodeReady):
            shown.put_nowait(event.code)

    async with (
        asyncio.timeout(LIMIT_S),
        PretendLan(air, "127.0.0.2", listening=True) as there,
        PretendLan(air, "127.0.0.3", listening=False) as here,
    ):
        offered = survey([os.fsencode(letter)]).entries
        giving = asyncio.create_task(amina.giver(there, report).give(offered, None))
        code = SpokenCode.parse(await shown.get())
        chosen = ChosenFolder.open(bilal.into)
        with contextlib.closing(chosen):
            taker = bilal.taker(here, decide=decide(air))
            await taker.take(code, chosen, os.fsencode(bilal.into))
        await giving


def test_a_hand_over(amina: Side, bilal: Side, letter: Path) -> None:
    asyncio.run(hand_over(amina, bilal, letter, lambda air: lambda offer: frozenset({0})))
    assert os.listdir(bilal.into) == ["letter"]
    assert (bilal.into / "letter").read_bytes() == letter.read_bytes()
    assert amina.left() == bilal.left() == 0


def test_a_break_while_the_person_looks_at_the_offer_is_no_end(
    amina: Side, bilal: Side, letter: Path
) -> None:
    """Handover 7.6: they say yes after the break; the sender shows the code again, and nobody asks twice."""
    asked: list[events.OfferShown] = []

    def decide(air: Air) -> Answer:
        def answer(offer: events.OfferShown) -> frozenset[int]:
            asked.append(offer)
            air.break_all()
            return frozenset({0})

        return answer

    asyncio.run(hand_over(amina, bilal, letter, decide))
    assert len(asked) == 1
    assert os.listdir(bilal.into) == ["letter"]  # nothing is left of the dead record
    assert amina.left() == bilal.left() == 0
    assert events.Lost(loss=events.Loss.BROKEN) in bilal.told


def test_a_sender_that_is_silent_keeps_no_other_hand_over_waiting(
    amina: Side, bilal: Side, letter: Path
) -> None:
    """M3: one that is frozen, or does it on purpose, holds its own hand-over and no other."""
    frozen = bilal.begun(Role.RECEIVER, 1, letter)
    bilal.begun(Role.RECEIVER, 2, letter)
    amina.begun(Role.SENDER, 2, letter)

    async def freeze(lan: PretendLan) -> None:
        slot = SlotKey(kind=SlotKind.RESUMPTION, key=ResumptionKeys.of(frozen.secret).sender_slot)
        chance = (os.urandom(count) for count in (NONCE_BYTES, FILL_BYTES, PLACES_BYTES))
        nonce, fill, places = chance
        link = lan.link
        link.shout(
            draw_datagram([slot], nonce=nonce, port=link.port, source=link.address, fill=fill, places=places)
        )
        while True:
            match await lan.next_event():
                case Arrived(arrival=arrival):
                    end = arrival.local
                    flight = check_flight(
                        arrival.flight,
                        keys=[SecretKey.of(frozen.secret)],
                        address=end.address,
                        port=end.port,
                    )
                    assert flight is not None
                    greeting.answer_again(arrival.take(), flight, SystemEntropy())

    async def scene() -> None:
        air = Air()
        async with (
            asyncio.timeout(LIMIT_S),
            PretendLan(air, "127.0.0.2", listening=True) as there,
            PretendLan(air, "127.0.0.4", listening=True) as mallory,
            PretendLan(air, "127.0.0.3", listening=False) as here,
        ):
            silent = asyncio.create_task(freeze(mallory))
            taking = asyncio.create_task(bilal.taker(here).resume())
            while not any(isinstance(event, events.ByHandover) for event in bilal.told):
                await asyncio.sleep(0.02)
            await amina.giver(there).resume()  # ends when all is over there
            while bilal.left() == 2:
                await asyncio.sleep(0.02)
            assert not taking.done()
            for task in (taking, silent):
                task.cancel()
            await asyncio.gather(taking, silent, return_exceptions=True)

    asyncio.run(scene())
    assert bilal.told[1] == events.ByHandover(handover=1, event=events.Met(resumed=True))
    assert (bilal.into / "letter").read_bytes() == letter.read_bytes()
    assert [head.id for head in bilal.records.unfinished(Role.RECEIVER)] == [frozen.id]


# --- a typed address -----------------------------------------------------------------------------


async def resume_at(bilal: Side, *, answering: bool) -> None:
    """Somebody is there who has not what we look for, and says nothing; or nobody is."""
    air = Air()
    async with (
        asyncio.timeout(LIMIT_S),
        PretendLan(air, "127.0.0.2", listening=True) as there,
        PretendLan(air, "127.0.0.3", listening=False) as here,
    ):
        at = there.endpoint
        if not answering:
            at = Endpoint(address=at.address, port=1999)
        await bilal.taker(here, at=at).resume()


@pytest.mark.parametrize("answering", [True, False])
def test_a_typed_address_of_somebody_else_ends_and_says_what_is_true(
    bilal: Side, letter: Path, answering: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "TYPED_ADDRESS_TRIES_S", 0.5)
    monkeypatch.setattr(taking, "REPEAT_S", 0.0)
    monkeypatch.setattr(greeting, "WHOLE_S", 0.2)
    bilal.begun(Role.RECEIVER, 1, letter)
    with pytest.raises(NothingToDo) as caught:
        asyncio.run(resume_at(bilal, answering=answering))
    assert "What has arrived stays" in caught.value.safe
    assert bilal.left() == 1


@pytest.mark.parametrize("answering", [True, False])
def test_what_is_whole_is_done_although_the_sender_is_not_at_the_typed_address(
    bilal: Side, letter: Path, answering: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handover 7.5: all is in place. Its hidden folder goes, and that the sender is gone is no error."""
    monkeypatch.setattr(taking, "FAREWELL_S", 0.3)
    bilal.begun(Role.RECEIVER, 1, letter, finished=True)
    asyncio.run(resume_at(bilal, answering=answering))
    assert bilal.left() == 0
    assert os.listdir(bilal.into) == []


# --- folders -------------------------------------------------------------------------------------


def nobody_there(bilal: Side, reopen: Callable[[HandoverId, bytes], Landing] | None = None) -> None:
    async def scene() -> None:
        async with asyncio.timeout(LIMIT_S), PretendLan(Air(), "127.0.0.3", listening=False) as lan:
            await bilal.taker(lan, reopen=reopen).resume()

    asyncio.run(scene())


def test_m4_an_unfinished_hand_over_whose_disk_is_not_in_waits_and_the_others_go_on(
    bilal: Side, letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "FAREWELL_S", 0.1)
    bilal.begun(Role.RECEIVER, 1, letter)
    other = bilal.begun(Role.RECEIVER, 2, letter, finished=True)
    (bilal.into / f".satchel-{(bytes([1]) * 16).hex()}" / "folders").unlink()
    (bilal.into / f".satchel-{(bytes([1]) * 16).hex()}").rmdir()
    with pytest.raises(NotTheFolder):
        nobody_there(bilal)
    left = [head.id for head in bilal.records.unfinished(Role.RECEIVER)]
    assert left == [bytes([1]) * 16]
    assert other.id not in left
    assert os.listdir(bilal.into) == []


def test_what_is_finished_and_has_no_hidden_folder_is_forgotten(bilal: Side, letter: Path) -> None:
    """Killed between the two steps of cleaning up."""
    head = bilal.begun(Role.RECEIVER, 1, letter, finished=True)
    FolderLanding.open(bilal.into, head.id).close(remove=True)
    nobody_there(bilal)
    assert bilal.left() == 0


def test_a_hidden_folder_that_cannot_be_deleted_is_told_and_the_record_forgotten(
    bilal: Side, letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(FolderLanding):
        def close(self, *, remove: bool) -> None:
            super().close(remove=False)
            if remove:
                raise EnvironmentProblem("Could not delete the unfinished files.")

    monkeypatch.setattr(taking, "FAREWELL_S", 0.1)
    bilal.begun(Role.RECEIVER, 1, letter, finished=True)
    with pytest.raises(EnvironmentProblem, match="hidden folder is left") as caught:
        nobody_there(bilal, lambda id, into: Stuck.reopen(into, id))
    assert all((caught.value.safe, caught.value.do))
    assert bilal.left() == 0


def test_a_wrong_code_leaves_nothing(
    amina: Side, bilal: Side, letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the sender that was guessed at goes on showing its code."""
    monkeypatch.setattr(greeting, "STEP_S", 1.0)
    monkeypatch.setattr(code_tries, "OTHER_HOSTS_S", 0.5)

    async def scene() -> None:
        air = Air()
        async with (
            asyncio.timeout(LIMIT_S),
            PretendLan(air, "127.0.0.2", listening=True) as there,
            PretendLan(air, "127.0.0.3", listening=False) as here,
        ):
            entries = survey([os.fsencode(letter)]).entries
            giving = asyncio.create_task(amina.giver(there).give(entries, None))
            await asyncio.sleep(0.1)
            ready = next(event for event in amina.told if isinstance(event, events.CodeReady))
            right = SpokenCode.parse(ready.code)
            one, two, three = right.words
            with contextlib.closing(ChosenFolder.open(bilal.into)) as chosen, pytest.raises(AccessDenied):
                await bilal.taker(here).take(
                    SpokenCode(right.channel, (one, two, (three + 1) % 1024)), chosen, os.fsencode(bilal.into)
                )
            assert not giving.done()
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)

    asyncio.run(scene())
    assert os.listdir(bilal.into) == []
    guesses = [event for event in amina.told if isinstance(event, events.GuessCounted)]
    assert len(guesses) == 1  # a typing mistake costs one


def test_another_offer_after_a_break_is_asked_about_again(bilal: Side) -> None:
    """What the person has said of one offer holds for that one only (M1: nothing is taken without)."""
    asked: list[int] = []

    def decide(offer: events.OfferShown) -> frozenset[int]:
        asked.append(len(offer.entries))
        return frozenset({0})

    secret = bytes(32)
    keys = SessionKeys(
        send=secret, receive=secret, session_hash=secret, resumption_secret=secret, stripe_secret=secret
    )
    first, other = (
        Entry(path=(name,), kind=EntryKind.FILE, size=1, mtime_ns=0, executable=False)
        for name in (b"a", b"b")
    )
    offers = [((first,), 1), ((first,), 1), ((first, other), 2), ((first,), 3)]  # and how often asked by then
    with contextlib.closing(ChosenFolder.open(bilal.into)) as chosen:
        code = SpokenCode.parse("482 apple river stone")
        of_code = ByCode(code, chosen, os.fsencode(bilal.into), records=bilal.records, decide=decide)
        for number, (entries, times) in enumerate(offers):
            id = HandoverId(bytes([number]) * 16)
            wanted = of_code.consider(id, keys, bilal.told.append)(entries, None)
            assert wanted is not None
            assert set(wanted.numbers) == {0}
            assert len(asked) == times
            assert [head.id for head in bilal.records.unfinished(Role.RECEIVER)] == [id]
        assert of_code.began is not None
        of_code.began.landing.close(remove=True)
    assert os.listdir(bilal.into) == []


def test_who_goes_on_giving_several_things_says_which(
    amina: Side, bilal: Side, letter: Path, tmp_path: Path
) -> None:
    """[cli 4.5] Also which file of which has failed."""
    other = tmp_path / "other"
    other.write_bytes(b"x" * 100_000)
    for number, what in ((1, letter), (2, other)):
        amina.begun(Role.SENDER, number, what)
        bilal.begun(Role.RECEIVER, number, what)

    async def scene() -> None:
        air = Air()
        async with (
            asyncio.timeout(LIMIT_S),
            PretendLan(air, "127.0.0.2", listening=True) as there,
            PretendLan(air, "127.0.0.3", listening=False) as here,
        ):
            await asyncio.gather(amina.giver(there).resume(), bilal.taker(here).resume())

    asyncio.run(scene())
    for kind in (events.Met, events.Delivered):
        numbers = [
            one.handover
            for one in amina.told
            if isinstance(one, events.ByHandover) and isinstance(one.event, kind)
        ]
        assert sorted(numbers) == [1, 2], kind
    assert not [one for one in amina.told if isinstance(one, events.Met | events.Progress | events.Delivered)]

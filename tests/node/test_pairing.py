"""Two nodes become contacts, by picture and by code: what is stored, what is said, and who comes between."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from core.pairing.pair_kit import fits
from node.pairing_sides import THIRD, Person, showing
from node.pretend_lan import PretendLan
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.pair import Proof
from satchel.core.pairing import host as guesses
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.code import SpokenCode
from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo
from satchel.node import code_tries, events, greeting
from satchel.node.pairing import exchange, hosting, taking
from satchel.node.pairing.events import CodeOver, Met, ScannedAgain
from satchel.node.pairing.keeping import Keeper
from satchel.ports import Endpoint, Pipe
from satchel.ports.contacts import Contact


@pytest.fixture
def amina() -> Iterator[Person]:
    person = Person("Amina")
    yield person
    person.database.close()


@pytest.fixture
def bilal() -> Iterator[Person]:
    person = Person("Bilal")
    yield person
    person.database.close()


@pytest.fixture
def mallory() -> Iterator[Person]:
    person = Person("Bilal")  # whoever lies about a name
    yield person
    person.database.close()


@pytest.fixture(autouse=True)
def nobody_is_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "LINGER_S", 0.2)
    monkeypatch.setattr(taking, "TRIES_S", 4.0)
    monkeypatch.setattr(taking, "REPEAT_S", 0.1)
    monkeypatch.setattr(greeting, "STEP_S", 2.0)
    monkeypatch.setattr(exchange, "STEP_S", 2.0)


def are_one_pair(host: Person, taker: Person) -> bool:
    there, here = host.only(), taker.only()
    words = (there.comparison and there.comparison.parts(), here.comparison and here.comparison.parts())
    return fits(here.pair, there.pair) and words[0] == words[1]


@pytest.mark.parametrize("is_typed", [False, True], ids=["found", "typed address"])
@pytest.mark.parametrize("way", ["picture", "code"])
def test_two_become_contacts(amina: Person, bilal: Person, way: str, *, is_typed: bool) -> None:
    """P2: by code verified, by picture unverified until the same words are compared. Names are proposals."""

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan:
            taker = bilal.taker(lan, at=room.lan.endpoint if is_typed else None)
            if way == "picture":
                await taker.take_picture(room.picture)
            else:
                await taker.take_code(room.code)
            await room.showing

    asyncio.run(scene())
    assert are_one_pair(amina, bilal)
    assert (amina.only().name, bilal.only().name) == ("Bilal", "Amina")
    assert (amina.only().pair.proof is Proof.CODE) is (way == "code")
    assert (amina.only().comparison is None) is (way == "code")


def test_a_contact_has_a_name_of_its_own(amina: Person, bilal: Person, mallory: Person) -> None:
    """P2: whoever proposes the name of another does not get it."""

    async def pair(other: Person) -> None:
        async with showing(amina) as room, room.enter() as lan:
            await other.taker(lan).take_code(room.code)
            await room.showing

    asyncio.run(pair(bilal))
    asyncio.run(pair(mallory))
    assert [contact.name for contact in amina.contacts.all()] == ["Bilal", "Bilal 2"]


def breaking(
    monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool
) -> Callable[[Callable[[], None]], None]:
    """At the n-th time that one of the two waits for a frame, all breaks, before or after it came."""
    guard = threading.Lock()
    count = 0
    do: list[Callable[[], None]] = []

    def receive(pipe: Pipe, size: int) -> bytes:
        nonlocal count
        with guard:
            count += 1
            breaks = count == at
        if breaks and before:
            do[0]()
        data = greeting.receive_bytes(pipe, size)
        if breaks and not before:
            do[0]()
        return data

    monkeypatch.setattr(exchange, "receive_bytes", receive)
    return do.append


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_picture_survives_a_break_anywhere(
    amina: Person, bilal: Person, monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool
) -> None:
    """P2: whatever is lost, both have one contact at the end, and it is the same pair."""
    break_with = breaking(monkeypatch, at, before=before)
    monkeypatch.setattr(taking, "TRIES_S", 60.0)  # on a busy machine one try takes seconds
    over = threading.Event()

    def settle(keeper: Keeper) -> None:
        assert over.wait(20.0)
        met = keeper.met
        assert met is not None
        assert keeper.settle(met)

    async def scene() -> None:
        async with showing(amina, settle=settle) as room, room.enter() as lan:
            break_with(room.air.break_all)
            await bilal.taker(lan).take_picture(room.picture)
            over.set()
            await room.showing

    asyncio.run(scene())
    assert are_one_pair(amina, bilal)
    assert not amina.of(ScannedAgain)  # the same taker again is no second one
    assert amina.only().name == "Bilal"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_a_code_survives_a_break_or_says_what_is_left(
    amina: Person, bilal: Person, monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool
) -> None:
    """Pairing 4.11: both have the pair, or it is said that the host may have a contact for nothing."""
    break_with = breaking(monkeypatch, at, before=before)
    was_cut_off = False

    async def scene() -> None:
        nonlocal was_cut_off
        async with showing(amina) as room, room.enter() as lan:
            break_with(room.air.break_all)
            try:
                await bilal.taker(lan).take_code(room.code)
                await room.showing
            except EnvironmentProblem as problem:
                was_cut_off = "last moment" in problem.what

    asyncio.run(scene())
    if was_cut_off:
        assert not bilal.contacts.all()
        assert len(amina.contacts.all()) <= 1
    else:
        assert are_one_pair(amina, bilal)


@pytest.mark.parametrize("way", ["picture", "code"])
def test_who_changes_the_last_frame_does_no_more_than_who_cuts_it_off(
    amina: Person, bilal: Person, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """P3, pairing 4.11: the host has stored. The other person is told that it may have, and does not search
    on for who looks for nobody any more."""

    def receive(pipe: Pipe, size: int) -> bytes:
        data = greeting.receive_bytes(pipe, size)
        is_last = bool(amina.contacts.all()) and size == FRAME_BYTES
        return bytes((data[0] ^ 1,)) + data[1:] if is_last else data

    monkeypatch.setattr(exchange, "receive_bytes", receive)

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan:
            taker = bilal.taker(lan, at=room.lan.endpoint)
            with pytest.raises(EnvironmentProblem, match="last moment"):
                await (taker.take_picture(room.picture) if way == "picture" else taker.take_code(room.code))

    asyncio.run(scene())
    assert len(amina.contacts.all()) == 1
    assert not bilal.contacts.all()


def test_p2_a_second_taker_is_told_and_both_screens_say_so(
    amina: Person, bilal: Person, mallory: Person
) -> None:
    """Pairing 3.5, 4.10: the first has it; the second keeps nothing and knows; the host sees two."""
    came = threading.Event()

    def settle(keeper: Keeper) -> None:
        assert came.wait(20.0)

    async def scene() -> None:
        async with showing(amina, settle=settle) as room, room.enter() as lan, room.enter(THIRD) as other:
            await mallory.taker(other).take_picture(room.picture)
            with pytest.raises(AccessDenied, match="2 have scanned") as raised:
                await bilal.taker(lan).take_picture(room.picture)
            assert "not you" in raised.value.do
            came.set()
            await room.showing

    asyncio.run(scene())
    assert amina.of(ScannedAgain) == [ScannedAgain(takers=2)]
    assert not bilal.contacts.all()
    assert are_one_pair(amina, mallory)


def test_p2_two_at_once_leave_one_contact(amina: Person, bilal: Person, mallory: Person) -> None:
    """By picture and by code at the same time: one lock decides, whoever comes by which way."""

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan, room.enter(THIRD) as other:
            by_picture = asyncio.create_task(bilal.taker(lan).take_picture(room.picture))
            by_code = asyncio.create_task(mallory.taker(other).take_code(room.code))
            await room.showing
            for task in (by_picture, by_code):
                task.cancel()
            await asyncio.gather(by_picture, by_code, return_exceptions=True)

    asyncio.run(scene())
    amina.only()
    assert len(bilal.contacts.all()) + len(mallory.contacts.all()) <= 1


def test_p2_who_sits_between_shows_in_the_words(amina: Person, bilal: Person) -> None:
    """Mallory takes Amina's picture, and shows Bilal one of her own: nothing but the words can tell."""
    taking_side, showing_side = Person("Bilal"), Person("Amina")

    async def scene() -> None:
        async with showing(amina) as real, real.enter(THIRD) as lan:
            await taking_side.taker(lan).take_picture(real.picture)
            await real.showing
        async with showing(showing_side) as false, false.enter() as lan:
            await bilal.taker(lan).take_picture(false.picture)
            await false.showing

    asyncio.run(scene())
    there, here = amina.only(), bilal.only()
    assert (there.name, here.name) == ("Bilal", "Amina")  # both screens look right
    assert there.comparison is not None
    assert here.comparison is not None
    assert there.comparison.parts() != here.comparison.parts()
    assert Proof.UNVERIFIED is there.pair.proof is here.pair.proof


def test_a_wrong_code_is_one_guess_and_nobody_is_added(
    amina: Person, bilal: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_tries, "OTHER_HOSTS_S", 0.3)

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan:
            first, *rest = room.code.words
            wrong = SpokenCode(room.code.channel, ((first + 1) % 1024, rest[0], rest[1]))
            with pytest.raises(AccessDenied, match="not right"):
                await bilal.taker(lan).take_code(wrong)

    asyncio.run(scene())
    assert not amina.contacts.all()
    assert not bilal.contacts.all()
    assert amina.of(events.GuessCounted) == [events.GuessCounted(number=1, of=16)]


def test_a_host_that_has_the_code_and_does_not_pair_is_not_asked_for_ever(
    amina: Person, bilal: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: each try is a guess over there, and 16 of them would use the code up."""

    def confirm_only(_: object, pipe: Pipe, *, psk: bytes, confirmation: bytes, first_bytes: bytes) -> None:
        assert psk
        assert first_bytes
        pipe.send_all(confirmation)
        raise EnvironmentProblem("and goes")

    monkeypatch.setattr(exchange.PairingBehind, "answer", confirm_only)

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan:
            with pytest.raises(EnvironmentProblem, match="did not begin"):
                await bilal.taker(lan).take_code(room.code)

    asyncio.run(scene())
    assert len(amina.of(events.GuessCounted)) == taking.SILENT_AFTER_CODE_MAX
    assert not bilal.contacts.all()


def test_after_too_many_guesses_the_picture_is_left(
    amina: Person, bilal: Person, mallory: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: who guesses the code away does not keep two people in one room from pairing."""
    monkeypatch.setattr(guesses, "GUESSES_MAX", 1)
    monkeypatch.setattr(guesses, "PAUSE_AFTER_WRONG_S", 0.1)
    monkeypatch.setattr(code_tries, "OTHER_HOSTS_S", 0.3)

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan, room.enter(THIRD) as other:
            first, *rest = room.code.words
            wrong = SpokenCode(room.code.channel, ((first + 1) % 1024, rest[0], rest[1]))
            with pytest.raises(AccessDenied):
                await mallory.taker(other).take_code(wrong)
            while not amina.of(CodeOver):
                await asyncio.sleep(0.05)
            await bilal.taker(lan).take_picture(room.picture)
            await room.showing

    asyncio.run(scene())
    assert are_one_pair(amina, bilal)


def test_the_pair_is_stored_before_it_is_said(
    amina: Person, bilal: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairing 4.7: what a full disk did not take is told to nobody, and it is said whose disk it is."""

    def full(contact: Contact, *, replacing: ContactId | None = None) -> None:
        raise EnvironmentProblem("The disk is full.")

    monkeypatch.setattr(amina.contacts, "add", full)
    monkeypatch.setattr(taking, "TRIES_S", 0.5)

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan:
            with pytest.raises(EnvironmentProblem, match="last moment"):
                await bilal.taker(lan).take_picture(room.picture)
            with pytest.raises(EnvironmentProblem, match="disk is full"):
                await room.showing

    asyncio.run(scene())
    assert not bilal.contacts.all()
    assert not amina.of(Met)


def test_a_picture_that_leads_nowhere_says_so(bilal: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "TRIES_S", 0.5)
    amina = Person("Amina")

    async def scene() -> None:
        async with showing(amina) as room:
            picture = room.picture
        async with room.enter() as lan:
            with pytest.raises(NothingToDo, match="picture"):
                await bilal.taker(lan).take_picture(picture)

    asyncio.run(scene())


def test_nothing_is_dialled_beyond_the_address_that_was_typed(amina: Person, bilal: Person) -> None:
    """Who types an address means it: those in the picture are left alone."""
    dialled: list[Endpoint] = []

    async def scene() -> None:
        async with showing(amina) as room, room.enter() as lan:
            dial = lan.dial

            async def noted(endpoint: Endpoint, *, within_s: float) -> Pipe:
                dialled.append(endpoint)
                return await dial(endpoint, within_s=within_s)

            lan.dial = noted  # type: ignore[method-assign, assignment]
            await bilal.taker(lan, at=room.lan.endpoint).take_picture(room.picture)
            await room.showing

    asyncio.run(scene())
    assert len(dialled) == 1


def test_the_addresses_of_a_picture_begin_with_the_likeliest() -> None:
    class At:
        def __init__(self, interface: str, address: str) -> None:
            lan = PretendLan.__new__(PretendLan)
            from node.pretend_lan import PretendLink  # noqa: PLC0415

            self.link = PretendLink(lan, address, 40_000)
            self.link.interface = interface

    links = [
        At(*given).link
        for given in (("lo", "127.0.0.1"), ("wlan0", "fe80::5"), ("wlan0", "fd00::5"), ("wlan0", "10.0.0.5"))
    ]
    ends = [address for address, _ in hosting.ends_of(links)]
    assert ends == [links[3].address, links[2].address, links[1].address]
    assert [address for address, _ in hosting.ends_of(links[:1])] == [links[0].address]

"""Letters between two nodes on a network in one process: the pipe beside the session (custody 6.7)."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from node.contact_sides import LIMIT_S, Device, Hands, Running, pair_up, running
from node.pretend_lan import Air
from satchel.core.identity.settings import Accept
from satchel.core.opening import session
from satchel.core.sealing.letter import Attachment
from satchel.node import events
from satchel.node.delivery import beside
from satchel.node.letters.office import PostOffice
from satchel.ports.letter_states import LetterState

A, B = "127.0.0.2", "127.0.0.3"


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 3 * LIMIT_S))


@pytest.fixture
def hands(tmp_path: Path) -> tuple[Hands, Hands]:
    amina, bilal = Device("amina"), Device("bilal")
    pair_up(amina, bilal)
    for name in ("amina", "bilal"):
        (tmp_path / name).mkdir()
    return (
        Hands(amina, tmp_path / "amina", has_letters=True),
        Hands(bilal, tmp_path / "bilal", Accept.VERIFIED, has_letters=True),
    )


@asynccontextmanager
async def together(one: Hands, other: Hands, muted: str = "") -> AsyncIterator[tuple[Running, Running]]:
    air = Air()
    async with (
        running(air, one.device, A, hands_over=one, muted=muted == "one") as here,
        running(air, other.device, B, hands_over=other, muted=muted == "other") as there,
    ):
        yield here, there


def has_come(node: Running, times: int = 1) -> Callable[[], bool]:
    return lambda: sum(isinstance(one, events.LetterCame) for one in node.told) >= times


@pytest.mark.parametrize("muted", ["one", "other"])
def test_letters_go_both_ways_whoever_dials(hands: tuple[Hands, Hands], muted: str) -> None:
    one, other = hands

    async def test() -> None:
        async with together(one, other, muted) as (here, there):
            book = Attachment(name=b"book", content=os.urandom(1_500_000))
            one.office.write(one.device.kept().id, "A book", attachments=[book])
            other.office.write(other.device.kept().id, "A question")
            await there.until(has_come(there))
            await here.until(has_come(here))
            await here.until(
                lambda: (
                    {letter.state for letter in one.letters.letters.conversation(one.device.kept().id)}
                    == {LetterState.DELIVERED, LetterState.RECEIVED}
                )
            )

    run(test)


@pytest.mark.parametrize(("speaks", "asks"), [(3, False), (4, True)])
def test_who_knows_the_version_before_is_asked_for_no_receipts(
    hands: tuple[Hands, Hands], speaks: int, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = hands
    begins, told = PostOffice.begin, list[object]()

    def noted(*who: Any, **how: Any) -> Any:
        told.append(how["may_ask"])
        return begins(*who, **how)

    monkeypatch.setattr(session, "SPEAKS", speaks)
    monkeypatch.setattr(PostOffice, "begin", noted)

    async def test() -> None:
        async with together(one, other) as (_, there):
            one.office.write(one.device.kept().id, "Hello")
            await there.until(has_come(there))

    run(test)
    assert set(told) == {asks}


def test_files_and_letters_go_beside_each_other(hands: tuple[Hands, Hands], tmp_path: Path) -> None:
    one, other = hands
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(os.urandom(500_000))
    one.queue.add(one.wants_to_give(photo))

    async def test() -> None:
        async with together(one, other) as (_, there):
            one.office.write(one.device.kept().id, "With a photo")
            await there.until(has_come(there))
            await there.until((other.into / "photo.jpg").exists)

    run(test)


def test_a_pipe_that_broke_is_opened_again(
    hands: tuple[Hands, Hands], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the session: what waits beside it goes on."""
    one, other = hands
    monkeypatch.setattr(beside, "AGAIN_S", 0.2)
    monkeypatch.setattr(beside, "EARLY_S", 0.2)
    garbage = [b"what is no record"]

    async def test() -> None:
        async with together(one, other, muted="one") as (_, there):
            one.office.write(one.device.kept().id, "The first")
            await there.until(has_come(there))
            say = one.office.next_frame
            monkeypatch.setattr(
                one.office,
                "next_frame",
                lambda exchanging: (garbage.pop(), False) if garbage else say(exchanging),
            )
            one.office.write(one.device.kept().id, "The second")
            await there.until(has_come(there, 2))
            assert not garbage
            assert len(there.sessions) == 1

    run(test)


def test_who_has_no_letters_hands_files_over_all_the_same(hands: tuple[Hands, Hands], tmp_path: Path) -> None:
    one, other = hands
    other.has_letters = False
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"a photo")
    one.queue.add(one.wants_to_give(photo))

    async def test() -> None:
        async with together(one, other) as (_, there):
            await there.until((other.into / "photo.jpg").exists)

    run(test)

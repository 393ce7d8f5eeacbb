"""A person's word on what a contact offers is good for that, and once (M3; delivery 4.6, 5.6)."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from node.contact_sides import Device, Hands, pair_up, running
from node.pretend_lan import Air
from node.test_deliveries import A, B, over, run, together, told
from satchel.core.handover.messages import Entry, EntryKind
from satchel.node import events
from satchel.node.entries import receiver_record
from satchel.ports import FileState, HandoverId, RecordHead, Role
from satchel.ports.queue import Queued

OLD_NS = 1_700_000_000 * 10**9


@pytest.fixture
def hands(tmp_path: Path) -> tuple[Hands, Hands]:
    amina, bilal = Device("amina"), Device("bilal")
    pair_up(amina, bilal)
    return Hands(amina, tmp_path / "amina"), Hands(bilal, tmp_path / "bilal")


def made(path: Path) -> Path:
    """Each time with other content, and looking the same in an offer."""
    path.write_bytes(os.urandom(300_000))
    os.utime(path, ns=(OLD_NS, OLD_NS))
    return path


def names(folder: Path) -> list[str]:
    """Without what is unfinished."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_m3_one_yes_is_good_for_one_hand_over(hands: tuple[Hands, Hands], tmp_path: Path) -> None:
    """A contact that gives the same id, names, sizes and times with other content is asked about again."""
    giver, taker = hands
    gift = giver.wants_to_give(made(tmp_path / "photo.jpg"))
    giver.queue.add(gift)

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.until(lambda: taker.asked)
                taker.desk.answer(1, range(1))
                await over(here, there)
            made(tmp_path / "photo.jpg")
            giver.queue.add(gift)
            async with running(air, giver.device, A, hands_over=giver):
                await there.node.meet()  # shouts at once
                await there.until(lambda: len(taker.asked) > 1 or len(told(there, events.Delivered)) > 1)

    run(test)
    assert (len(taker.asked), names(taker.into)) == (2, ["photo.jpg"])


def test_m3_who_broke_off_after_a_file_is_asked_about_again(
    hands: tuple[Hands, Hands], tmp_path: Path
) -> None:
    """Else it gives the first file for ever, each time under another name, and never the last."""
    gift, is_asked = broken_off(hands, tmp_path, FileState.DONE)
    assert is_asked
    assert names(hands[1].into) == []
    assert gift in hands[0].queue.all()


@pytest.mark.slow
def test_m3_a_text_does_not_bring_files_in_again(hands: tuple[Hands, Hands], tmp_path: Path) -> None:
    """What came with a text is remembered by the word alone, and that was heard: files followed."""
    giver, taker = hands
    film = tmp_path / "film"
    with film.open("wb") as holes:
        holes.truncate(2 << 30)  # longer than it takes to break off, on a busy machine too
    gift = giver.wants_to_give(made(tmp_path / "first"), film, note="look")
    giver.queue.add(gift)

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver):
                await there.until(lambda: taker.asked)
                taker.desk.answer(1, range(2))
                await there.until(lambda: told(there, events.FilePlaced))
            giver.queue.remove(gift.id)
            giver.queue.add(gift)
            made(tmp_path / "first")
            async with running(air, giver.device, A, hands_over=giver):
                await there.node.meet()  # shouts at once
                await there.until(lambda: len(taker.asked) > 1 or len(told(there, events.FilePlaced)) > 1)

    run(test)
    assert (len(taker.asked), names(taker.into)) == (2, ["first"])


def test_who_did_not_hear_the_word_is_not_asked_about_again(
    hands: tuple[Hands, Hands], tmp_path: Path
) -> None:
    _, is_asked = broken_off(hands, tmp_path, FileState.WANTED)
    assert not is_asked
    assert names(hands[1].into) == ["first", "second"]


def broken_off(hands: tuple[Hands, Hands], folder: Path, first: FileState) -> tuple[Queued, bool]:
    """What is given anew as if nothing had been heard, where the taker remembers it with `first` so far."""
    giver, taker = hands
    paths = [made(folder / name) for name in ("first", "second")]
    gift = giver.wants_to_give(*paths)
    giver.queue.add(gift)
    remember(taker, gift, paths)
    [head] = taker.records.of_contacts(Role.RECEIVER)
    taker.records.mark(head.id, [0], first)

    async def test() -> None:
        async with together(giver, taker) as (_, there):
            await there.until(lambda: taker.asked or told(there, events.Delivered))

    run(test)
    return gift, bool(taker.asked)


def remember(taker: Hands, gift: Queued, paths: Sequence[Path]) -> None:
    entries = [
        Entry(
            path=(os.fsencode(path.name),),
            kind=EntryKind.FILE,
            size=path.stat().st_size,
            mtime_ns=OLD_NS,
            executable=False,
        )
        for path in paths
    ]
    head = RecordHead(
        id=HandoverId(os.urandom(16)),
        role=Role.RECEIVER,
        secret=b"",
        older_secret=None,
        into=os.fsencode(taker.into),
        finished=False,
        contact=taker.device.kept().id,
        theirs=gift.id,
    )
    taker.records.create(head, [receiver_record(n, entry, accepted=True) for n, entry in enumerate(entries)])

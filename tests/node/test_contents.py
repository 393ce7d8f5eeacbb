"""What is told of a hand-over at its end is what was wanted of it, also after a restart."""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from node.contact_sides import Device, Hands, Running, pair_up
from node.test_deliveries import over, run, together, told
from satchel.core.handover.messages import as_entry
from satchel.core.identity.settings import Accept
from satchel.node import events
from satchel.node.entries import receiver_record, sender_record
from satchel.ports import FileState, HandoverId, RecordHead, Role
from satchel.store.chosen import ChosenFolder
from satchel.store.source import survey

SIZES = {"a": 10, "b": 200, "c": 3_000}


@pytest.fixture
def hands(tmp_path: Path) -> tuple[Hands, Hands]:
    amina, bilal = Device("amina"), Device("bilal")
    pair_up(amina, bilal)
    return Hands(amina, tmp_path / "amina"), Hands(bilal, tmp_path / "bilal", Accept.VERIFIED)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, size in SIZES.items():
        (tmp_path / name).write_bytes(os.urandom(size))
    return [tmp_path / name for name in SIZES]


def contents(node: Running) -> events.Contents:
    [one] = told(node, events.Delivered)
    assert isinstance(one.event, events.Delivered)
    return one.event.contents


def test_of_what_was_offered_only_what_was_wanted_counts(
    hands: tuple[Hands, Hands], files: list[Path]
) -> None:
    giver, taker = hands
    taker.accept = Accept.ASK
    giver.queue.add(giver.wants_to_give(*files, note="read me"))

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await there.until(lambda: taker.asked)
            taker.desk.answer(1, frozenset({0, 2}))
            await over(here, there)
            wanted = events.Contents(names=(b"a", b"c"), files=2, size_bytes=3_010, has_text=True)
            assert [contents(here), contents(there)] == [wanted, wanted]

    run(test)


def test_after_a_restart_it_is_all_that_was_wanted_and_not_what_was_left(
    hands: tuple[Hands, Hands], files: list[Path]
) -> None:
    """One of three files was refused, and one came before both were started again."""
    giver, taker = hands
    queued = giver.wants_to_give(*files)
    giver.queue.add(queued)
    entries = survey([os.fsencode(path) for path in files]).entries
    mine = HandoverId(os.urandom(16))
    head = RecordHead(
        id=queued.id,
        role=Role.SENDER,
        secret=b"",
        older_secret=None,
        into=b"",
        finished=False,
        contact=queued.contact,
    )
    giver.records.create(
        head,
        [sender_record(n, entry, accepted=n != 1) for n, entry in enumerate(entries)],
    )
    taker.into.mkdir(parents=True)
    taker.records.create(
        replace(
            head,
            id=mine,
            role=Role.RECEIVER,
            into=os.fsencode(taker.into),
            contact=taker.device.kept().id,
            theirs=queued.id,
        ),
        [receiver_record(n, as_entry(entry), accepted=n != 1) for n, entry in enumerate(entries)],
    )
    with closing(ChosenFolder.open(taker.into)) as chosen:
        chosen.begin(mine).close(remove=False)
    taker.records.mark(mine, [0], FileState.DONE)

    async def test() -> None:
        async with together(giver, taker) as (here, there):
            await over(here, there)
            wanted = events.Contents(names=(b"a", b"c"), files=2, size_bytes=3_010)
            assert [contents(here), contents(there)] == [wanted, wanted]

    run(test)
    assert sorted(os.listdir(taker.into)) == ["c"]

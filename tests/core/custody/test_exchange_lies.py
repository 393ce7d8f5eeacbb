"""A contact with a program of its own says anything (M3, M2): it is stopped, and nothing of it is kept."""

import random
from dataclasses import replace

import pytest

from core.custody.custody_kit import (
    CLOCK_S,
    HOUR,
    LARGEST,
    MIDDLE,
    SMALL,
    Person,
    bundle,
    drawn,
    meeting,
    receipt,
)
from core.custody.liar_kit import (
    BEGIN,
    LARGE_ONE,
    LIAR,
    OTHER_ONE,
    OUR_ID,
    OURS,
    THEIRS,
    blocks,
    described,
    offer,
    refusal,
    side,
    want,
)
from satchel.core.bundles.header import BundleId, bundle_id
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.codec import BLOCK_BYTES
from satchel.core.custody.effects import Arrived, Asked, Effect, Receipted
from satchel.core.custody.giving import Give
from satchel.core.custody.kept import Past, Remember
from satchel.core.custody.messages import (
    Answer,
    Ask,
    Block,
    Gone,
    Got,
    Message,
    Receipts,
    Skip,
    Want,
)
from satchel.errors import MisuseError, PeerError

LARGE_BLOCKS = blocks(0, LARGE_ONE)
AS_OFFERED: list[Message] = [offer(LARGE_ONE), LARGE_BLOCKS[0]]
LIES: dict[str, tuple[list[Message], str]] = {
    "begins twice": ([BEGIN], "8.1"),
    "an answer to who was dialled": ([Answer(message=b"a")], "8.2"),
    "goes on comparing before it begins": ([Ask(message=b"a", anew=False)], "8.2"),
    "a block of nothing": (blocks(0, THEIRS), "8.4"),
    "a block of a number that is over": ([offer(THEIRS), *blocks(0, THEIRS), *blocks(0, THEIRS)], "8.4"),
    "a block twice": ([*AS_OFFERED, LARGE_BLOCKS[0]], "8.4"),
    "a block too early": ([offer(LARGE_ONE), LARGE_BLOCKS[1]], "8.4"),
    "two bundles at a time": ([*AS_OFFERED, offer(OTHER_ONE), blocks(1, OTHER_ONE)[0]], "8.4"),
    "a short block": ([*AS_OFFERED, Block(number=0, place=1, data=bytes(2048))], "8.4"),
    "a small bundle in a large block": ([offer(THEIRS), Block(number=0, place=0, data=THEIRS * 32)], "8.4"),
    "another size than it offered": ([offer(THEIRS), *blocks(0, bundle("theirs", MIDDLE))], "8.5"),
    "another expiry than it offered": ([offer(THEIRS), *blocks(0, bundle("theirs", hours=5))], "8.5"),
    "a class that is not its own": ([described(MIDDLE, HOUR + 100), *blocks(0, THEIRS)], "8.5"),
    "an expiry that is not its own": ([described(SMALL, HOUR + 1), *blocks(0, THEIRS)], "8.5"),
    "another bundle than it offered": ([offer(THEIRS), *blocks(0, bundle("another"))], "8.5"),
    "one byte changed": ([offer(THEIRS), Block(number=0, place=0, data=THEIRS[:-1] + b"\1")], "8.5"),
    "gone, and never wanted": ([Gone(numbers=(0,))], "8.6"),
    "gone twice": ([offer(THEIRS), Gone(numbers=(0, 0))], "8.6"),
    "skips what it never wanted": ([Skip(numbers=(0,))], "8.6"),
    "got what it never wanted": ([Got(numbers=(0,))], "8.7"),
    "got what has not left": ([want(OUR_ID), Got(numbers=(0,))], "8.7"),
}


@pytest.mark.parametrize(("said", "clause"), LIES.values(), ids=LIES.keys())
def test_a_liar_is_stopped(said: list[Message], clause: str) -> None:
    amina = side()
    for message in said[:-1]:
        amina.hear(message)
    with refusal(clause):
        amina.hear(said[-1])
    assert amina.person.ids <= {OUR_ID, bundle_id(THEIRS)}


@pytest.mark.parametrize(
    "message",
    [
        Receipts(receipts=(Receipt(preimage=bytes(20), expiry_hour=0),)),
        Ask(message=b"a", anew=True),
        Gone(numbers=(0,)),
    ],
)
def test_nothing_comes_before_begin(message: Message) -> None:
    with refusal("8.1"):
        side(begun=False).hear(message)


def test_who_was_dialled_asks_nothing() -> None:
    amina = side(we_dialled=True)
    amina.hear(Answer(message=b"\x61"))
    with refusal("8.2"):
        amina.hear(Ask(message=b"a", anew=True))


def test_one_answer_for_each_question() -> None:
    amina = side(we_dialled=True)
    amina.hear(Answer(message=b"\x61"))  # it has the same
    with refusal("8.2"):
        amina.hear(Answer(message=b"\x61"))


def test_one_question_at_a_time() -> None:
    amina = side()
    ask = Ask(message=b"a", anew=True)
    effects = amina.exchange.hear(ask, now_s=0, clock_s=CLOCK_S)
    assert effects == [Asked(message=b"a", anew=True)]
    with refusal("8.2"):
        amina.exchange.hear(ask, now_s=100, clock_s=CLOCK_S)


def test_m3_of_what_was_never_asked_for_nothing_is_kept() -> None:
    """Unfinished ones are of one contact, and few: whatever it begins."""
    amina = side(bundles=())
    for number in range(8):
        large = bundle(("begun", number), LARGEST)
        amina.hear(offer(large))
        for block in blocks(number, large)[:3]:
            amina.hear(block)
        amina.hear(Gone(numbers=(number,)))
    assert sum(map(len, amina.person.shelf.unfinished[LIAR].values())) <= 4 * 3 * BLOCK_BYTES
    assert not amina.person.ids


def test_a_receipt_that_is_known_does_nothing_more() -> None:
    amina = side()
    told = Receipts(receipts=(receipt("ours"),))
    [effect] = amina.exchange.hear(told, now_s=0, clock_s=CLOCK_S)
    assert isinstance(effect, Receipted)
    amina.do([effect])
    assert not amina.person.ids
    assert not amina.exchange.hear(told, now_s=0, clock_s=CLOCK_S)


def test_c2_bytes_are_never_taken_for_what_they_are_not() -> None:
    """Whatever is changed on the way, in whichever block: nothing arrives."""
    chance = random.Random(3)
    for _ in range(12):
        amina = side(bundles=())
        amina.hear(offer(LARGE_ONE))
        at = chance.randrange(5, len(LARGE_ONE))
        forged = LARGE_ONE[:at] + bytes((LARGE_ONE[at] ^ 1,)) + LARGE_ONE[at + 1 :]
        with pytest.raises(PeerError):  # noqa: PT012 - whichever block it is
            for block in blocks(0, forged):
                amina.hear(block)
        assert not amina.person.ids
        assert not amina.arrived


def test_how_many_copies_a_liar_writes_is_clamped() -> None:
    amina = side(bundles=())
    amina.hear(offer(LARGE_ONE))
    for block in blocks(0, LARGE_ONE[:4] + b"\xff" + LARGE_ONE[5:]):
        amina.hear(block)
    assert amina.person.shelf.rows[bundle_id(LARGE_ONE)].header.copies == 31


def test_what_it_calls_direct_does_not_go_into_custody() -> None:
    """M3: it is opened, or thrown away."""
    amina = side(bundles=())
    amina.hear(offer(THEIRS, direct=True))
    [block] = blocks(0, THEIRS)
    effects: list[Effect] = amina.exchange.hear(block, now_s=0, clock_s=CLOCK_S)
    [arrived] = [effect for effect in effects if isinstance(effect, Arrived)]
    assert arrived.direct
    assert not amina.person.ids


def test_more_blocks_than_a_bundle_has_are_there_of_none() -> None:
    amina = side()
    amina.hear(want(OUR_ID, blocks=4))
    assert list(amina.says) == [Gone(numbers=(0,))]


def test_m2_what_is_not_shown_is_as_if_it_were_not_there() -> None:
    """The same word for a hidden bundle and for none, and no block of it."""
    amina = side(bundles=())
    hidden = amina.person.write(OURS, shown=False)
    amina.hear(want(hidden, BundleId(drawn("none", 32))))
    assert list(amina.says) == [Gone(numbers=(0, 1))]
    amina.says.clear()
    assert amina.say_next() is None
    assert not amina.exchange.offer([hidden], amina.person.now_s)


def test_owners_that_say_what_is_not_due_are_told() -> None:
    amina = side()
    amina.hear(want(OUR_ID))
    give, _ = amina.exchange.next()
    assert give == Give(number=0, id=OUR_ID, at=0, length=BLOCK_BYTES)
    with pytest.raises(MisuseError):
        amina.exchange.block(give, b"short")
    with pytest.raises(MisuseError):
        amina.exchange.block(replace(give, number=1), bytes(BLOCK_BYTES))
    with pytest.raises(MisuseError):
        amina.exchange.stored([OUR_ID])


def test_what_crosses_in_the_air_is_no_lie() -> None:
    """Skipped when it has gone already, or when all of it has left."""
    amina = side()
    amina.hear(want(OUR_ID))
    amina.person.shelf.apply(
        amina.person.custody.release(OUR_ID, amina.person.shelf.rows[OUR_ID].header, bytes(20))
    )
    assert amina.say_next() == Gone(numbers=(0,))
    amina.hear(Skip(numbers=(0,)))
    other = side()
    other.hear(want(OUR_ID))
    while other.say_next():
        pass
    other.hear(Skip(numbers=(0,)))
    assert not other.says
    assert not other.handed_over


def test_what_was_wanted_and_not_kept_is_offered_again() -> None:
    amina, bo = Person("amina"), Person("bo", space_bytes=1 << 20)
    assert amina.take_in(bundle("large", LARGEST), LIAR)
    met = meeting(amina, bo).run()
    assert not bo.ids
    bo.custody = replace(bo.custody, space_bytes=4 << 20, others_bytes=2 << 20)
    assert met.one.exchange.have(sorted(amina.ids), amina.now_s)


@pytest.mark.parametrize("place", [0, 1])
def test_a_block_behind_the_last_one_is_refused_before_it_is_stored_as_well(place: int) -> None:
    amina = side(bundles=())
    amina.hear(offer(THEIRS))
    [block] = blocks(0, THEIRS)
    [arrived] = amina.exchange.hear(block, now_s=0, clock_s=CLOCK_S)
    assert isinstance(arrived, Arrived)
    with refusal("8.4"):
        amina.exchange.hear(Block(number=0, place=place, data=THEIRS), now_s=0, clock_s=CLOCK_S)


def test_gone_behind_the_last_block_is_refused() -> None:
    amina = side(bundles=())
    amina.hear(offer(THEIRS))
    amina.exchange.hear(blocks(0, THEIRS)[0], now_s=0, clock_s=CLOCK_S)
    with refusal("8.6"):
        amina.hear(Gone(numbers=(0,)))


def test_who_offers_one_twice_is_asked_for_it_once() -> None:
    amina = side()
    amina.hear(offer(THEIRS, THEIRS))
    amina.hear(offer(THEIRS))
    assert [message for message in amina.says if isinstance(message, Want)] == [want(bundle_id(THEIRS))]


def test_what_is_skipped_in_time_never_leaves() -> None:
    amina = side(bundles=(OURS, THEIRS))
    amina.hear(want(OUR_ID, bundle_id(THEIRS)))
    amina.hear(Skip(numbers=(1,)))
    assert amina.say_next() == Gone(numbers=(1,))
    assert {message.number for message in iter(amina.say_next, None) if isinstance(message, Block)} == {0}


def test_what_is_remembered_is_taken_directly_and_else_not() -> None:
    """It may have been here for others; that its writer brings it says that it was not opened."""
    amina = side(bundles=())
    past = Past(id=bundle_id(THEIRS), commitment=bytes(20), expiry_hour=HOUR, ingress=LIAR, preimage=None)
    amina.person.shelf.apply([Remember(past=past)])
    amina.hear(offer(THEIRS))
    amina.do(amina.exchange.need([bundle_id(THEIRS)]))
    assert not amina.says
    amina.hear(offer(THEIRS, direct=True))
    assert list(amina.says) == [want(bundle_id(THEIRS))]

"""Own letters under way: sealed once, delivered by all of their receipts, expired, taken back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.kept import Show
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import LetterId
from satchel.errors import MisuseError, NothingToDo
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import Delivery, DueReceipt, Opening, WholeLetter
from store.contact_samples import AMINA, BILAL, contact
from store.letter_samples import (
    HOUR,
    NOW,
    ONE,
    THREE,
    TWO,
    Desk,
    carried,
    desk_in_memory,
    drawn,
    id_of,
    letter,
    sealed_part,
)
from store.test_letters import LATER, PHOTO, files, receipt_of, shown


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk_in_memory(tmp_path) as opened:
        yield opened


def test_what_was_sealed_is_under_way_until_all_of_it_has_come(one: Desk) -> None:
    """A letter in three bundles, with a receipt for each; handed on by two carriers."""
    written = letter("see the files", 1, PHOTO, drawn(1) * 50_000)
    bundles = one.send(AMINA, ONE, written)
    assert len(bundles) == 3
    (seen,) = one.letters.conversation(AMINA)
    assert (seen.state, seen.handed) == (LetterState.UNDER_WAY, 0)
    one.sending.handed_over([id_of(bundle) for bundle in bundles])
    one.sending.handed_over([id_of(bundles[0]), id_of(carried(1)[0])])
    assert one.letters.conversation(AMINA) == [shown(written, LetterState.UNDER_WAY, handed=1)]
    assert one.letters.kept() == []
    receipts = [receipt_of(one, bundle) for bundle in bundles]
    first = [Delivery(receipt=replace(receipts[1], expiry_hour=1), deliverer=BILAL, due=LATER)]
    assert one.sending.delivered(first) == []
    assert one.chains.speaking(AMINA).known == 2
    rest = [Delivery(receipt=receipts[n], deliverer=None, due=LATER) for n in (0, 2)]
    assert one.sending.delivered([*rest, *first]) == [ONE]
    assert one.letters.conversation(AMINA) == [shown(written, LetterState.DELIVERED)]
    assert one.chains.speaking(AMINA).known == 3
    assert sorted(one.sending.due_receipts(), key=lambda due: due.receipt.preimage) == sorted(
        [
            DueReceipt(
                receipt=receipt,
                due=LATER,
                contact=AMINA,
                is_own=True,
                deliverer=BILAL if n == 1 else None,
                bundle=id_of(bundles[n]),
            )
            for n, receipt in enumerate(receipts)
        ],
        key=lambda due: due.receipt.preimage,
    )
    assert one.sending.delivered([*rest, *first]) == []
    one.sending.receipts_left(commitment(receipt.preimage) for receipt in receipts[:2])
    assert [due.receipt for due in one.sending.due_receipts()] == receipts[2:]


def test_c2_a_forged_receipt_delivers_nothing(one: Desk) -> None:
    one.send(AMINA, ONE, letter())
    forged = [
        Delivery(receipt=Receipt(preimage=bytes([n]) * 20, expiry_hour=HOUR), deliverer=BILAL, due=NOW)
        for n in range(50)
    ]
    assert one.sending.delivered(forged) == []
    assert one.letters.conversation(AMINA)[0].state is LetterState.UNDER_WAY
    assert one.sending.due_receipts() == []


def test_a_letter_is_sealed_once_and_no_number_twice(one: Desk) -> None:
    """C1: a tag must not be seen twice, whoever has read the chain before somebody else sealed."""
    before = one.chains.speaking(AMINA)
    entry, after = before.take()
    part = sealed_part(entry, b"content")
    one.send(AMINA, ONE, letter())
    other, further = one.chains.speaking(AMINA).take()
    with pytest.raises(NothingToDo, match="does not wait"):
        one.sending.seal(AMINA, ONE, further, [sealed_part(other, b"content")], now_s=1)
    one.letters.write(AMINA, TWO, letter())
    later = after.take()[1]
    for speaking, parts in ((after, [part]), (later, [part]), (later, []), (before, [part])):
        with pytest.raises(MisuseError, match="numbers were used"):
            one.sending.seal(AMINA, TWO, speaking, parts, now_s=1)
    assert one.letters.kept() == [(AMINA, TWO)]
    assert one.chains.speaking(AMINA) == after


def test_what_two_have_learned_of_a_chain_is_both_kept(one: Desk) -> None:
    """A receipt comes while another letter is sealed: neither takes the other back."""
    (bundle,) = one.send(AMINA, ONE, letter())
    stale = one.chains.speaking(AMINA)
    one.sending.delivered([Delivery(receipt=receipt_of(one, bundle), deliverer=None, due=NOW)])
    one.letters.write(AMINA, TWO, letter())
    entry, after = stale.take()
    one.sending.seal(AMINA, TWO, after, [sealed_part(entry, b"content")], now_s=1)
    assert one.chains.speaking(AMINA) == replace(after, known=1)
    one.chains.put_speaking(AMINA, stale.restored())
    one.chains.put_speaking(AMINA, stale)
    assert one.chains.speaking(AMINA) == replace(stale.restored(), known=1)


def test_what_expires_is_not_delivered_by_its_other_parts(one: Desk) -> None:
    bundles = one.send(AMINA, ONE, letter("see the files", 1, PHOTO, drawn(1) * 50_000), hour=HOUR)
    one.send(BILAL, TWO, letter(), hour=HOUR + 1)
    one.send(AMINA, THREE, letter(), hour=0)
    one.receive(AMINA, 1, LetterId(b"r" * 16), letter())
    assert one.sending.expire(HOUR) == []
    assert one.sending.expire(HOUR + 1) == [ONE]
    states = {each.id: each.state for each in one.letters.conversation(AMINA)}
    assert states[ONE] is LetterState.EXPIRED
    assert states[THREE] is LetterState.UNDER_WAY
    assert (
        one.sending.delivered([Delivery(receipt=receipt_of(one, bundles[0]), deliverer=None, due=NOW)]) == []
    )
    assert one.sending.expire(HOUR + 1) == []
    assert [each.state for each in one.letters.conversation(BILAL)] == [LetterState.UNDER_WAY]


def test_who_deletes_an_own_letter_under_way_releases_its_receipts(one: Desk) -> None:
    """So that carriers drop it; each at a time of its own, and nothing says that it was one letter."""
    bundles = one.send(AMINA, ONE, letter("see the files", 1, PHOTO, drawn(1) * 50_000))
    times = iter(range(10, 20))
    one.letters.delete(AMINA, ONE, lambda: Reading(time_s=next(times), plausible=False))
    assert one.letters.conversation(AMINA) == []
    due = one.sending.due_receipts()
    assert {each.receipt.preimage for each in due} == {receipt_of(one, b).preimage for b in bundles}
    assert sorted(each.due.time_s for each in due) == [10, 11, 12]
    assert not any(one.bundles.read(id_of(bundle)) for bundle in bundles)
    assert files(one) == []
    one.send(AMINA, TWO, letter(), hour=0)  # no carrier has it
    one.letters.delete(AMINA, TWO, lambda: NOW)
    assert one.sending.due_receipts() == due


def test_parts_that_are_shown_stay_and_do_not_expire_what_has_come(one: Desk) -> None:
    """The letter is delivered, or deleted, whatever becomes of them; who is forgotten takes them along."""
    bundles = one.send(AMINA, ONE, letter("see the files", 1, PHOTO, drawn(1) * 50_000), hour=HOUR)
    one.bundles.apply([Show(id=id_of(bundle), offered=True) for bundle in bundles])
    came = [Delivery(receipt=receipt_of(one, bundle), deliverer=BILAL, due=NOW) for bundle in bundles]
    one.sending.handed_over([id_of(bundles[0]), id_of(bundles[2])])
    assert one.sending.delivered(came[:1]) == []
    assert one.letters.conversation(AMINA)[0].handed == 0  # of those that are under way
    assert [kept.id for kept in one.bundles.to(AMINA)] == [id_of(bundle) for bundle in bundles[1:]]
    assert one.sending.delivered(came) == [ONE]
    due = one.sending.due_receipts()
    assert (len(due), len(list(one.bundles.rows()))) == (3, 3)
    one.letters.delete(AMINA, ONE, lambda: LATER)
    assert one.sending.due_receipts() == due  # no new time, and who brought them
    one.sending.receipts_left([commitment(came[0].receipt.preimage)])
    assert len(list(one.bundles.rows())) == 2
    assert one.sending.handed_over([id_of(bundles[1])]) == set()
    one.send(AMINA, TWO, letter(), hour=HOUR)
    assert one.sending.expire(HOUR + 1) == [TWO]
    assert (list(one.bundles.rows()), one.sending.due_receipts(), files(one)) == ([], [], [])
    (last,) = one.send(AMINA, THREE, letter(), hour=HOUR)
    one.bundles.apply([Show(id=id_of(last), offered=True)])
    one.letters.delete(AMINA, THREE, lambda: NOW)
    assert len(list(one.bundles.rows())) == 1
    one.contacts.forget(AMINA)
    assert (list(one.bundles.rows()), one.sending.due_receipts()) == ([], [])


def test_a_part_that_has_come_and_expires_first_leaves_the_letter_under_way(one: Desk) -> None:
    first, *others = one.send(AMINA, ONE, letter("see the files", 1, PHOTO, drawn(1) * 50_000))
    one.bundles.apply([Show(id=id_of(first), offered=True)])
    one.sending.delivered([Delivery(receipt=receipt_of(one, first), deliverer=BILAL, due=NOW)])
    with one.database.changing() as connection:
        connection.execute("UPDATE own_bundle SET expiry_hour = 1 WHERE id = ?", (id_of(first),))
    assert one.sending.expire(2) == []
    assert list(one.bundles.rows()) == []
    rest = [Delivery(receipt=receipt_of(one, bundle), deliverer=BILAL, due=NOW) for bundle in others]
    assert one.sending.delivered(rest) == [ONE]


def test_c1_who_is_paired_again_leaves_shown_what_had_come(one: Desk) -> None:
    (bundle,) = one.send(AMINA, ONE, letter(), hour=HOUR)
    one.bundles.apply([Show(id=id_of(bundle), offered=True)])
    receipt = receipt_of(one, bundle)
    one.sending.delivered([Delivery(receipt=receipt, deliverer=AMINA, due=NOW)])
    new = ContactId(b"Amina once more.")
    one.contacts.add(contact(new, "new", seed=50))
    one.contacts.succeed(new, AMINA, "Amina", inherits=True)
    assert [id for _, id in one.bundles.rows()] == [id_of(bundle)]
    assert one.bundles.to(new) == []
    assert [each.state for each in one.letters.conversation(new)] == [LetterState.DELIVERED]
    one.sending.receipts_left([commitment(receipt.preimage)])
    assert list(one.bundles.rows()) == []


def answered(one: Desk, whom: ContactId, number: int, reply_to: LetterId) -> list[LetterId]:
    """What a letter from this contact answers."""
    came = WholeLetter(id=LetterId(drawn("answer", number)[:16]), letter=replace(letter(), reply_to=reply_to))
    change = one.chains.listening(whom).opened(number, NOW)
    return one.arrivals.open([Opening(contact=whom, change=change, came=came)])


def test_m1_an_answer_says_that_a_letter_has_come_to_who_answers_and_of_no_other(one: Desk) -> None:
    """Its bundles stay, and end later as if nobody had answered."""
    one.send(AMINA, ONE, letter())
    assert answered(one, BILAL, 1, ONE) == []
    assert answered(one, AMINA, 1, TWO) == []
    assert one.letters.conversation(AMINA)[0].state is LetterState.UNDER_WAY
    assert answered(one, AMINA, 2, ONE) == [ONE]
    assert answered(one, AMINA, 3, ONE) == []
    states = {each.id: each.state for each in one.letters.conversation(AMINA)}
    assert states[ONE] is LetterState.DELIVERED
    assert one.chains.speaking(AMINA).known == 1
    assert one.sending.due_receipts() == []
    assert len(one.bundles.to(AMINA)) == 1
    assert one.sending.expire(HOUR + 1) == []  # it has ended already
    assert one.bundles.to(AMINA) == []
    assert {each.id: each.state for each in one.letters.conversation(AMINA)} == states


def test_an_answer_to_what_has_expired_says_that_it_has_come_after_all(one: Desk) -> None:
    one.send(AMINA, ONE, letter())
    one.letters.write(AMINA, TWO, letter())
    assert one.sending.expire(HOUR + 1) == [ONE]
    assert answered(one, AMINA, 1, ONE) == [ONE]
    assert answered(one, AMINA, 2, TWO) == []  # it waits here, unsealed
    states = {each.id: each.state for each in one.letters.conversation(AMINA)}
    assert (states[ONE], states[TWO]) == (LetterState.DELIVERED, LetterState.KEPT)

"""Receipts of large letters, of which nobody has a copy left to show (C1): custody 6.10."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from carriers.stick.samples import on_stick
from node.letters.office_kit import Meeting, Person, id_of, meet, pass_time
from node.letters.stick_kit import VISITS, carried_by, four_people, large, out, states, take
from node.letters.test_liars import Liar
from node.letters.test_nothing_shows import said
from satchel.core.bundles.header import decode_bundle
from satchel.core.custody.codec import Unpacking
from satchel.core.custody.messages import Await, Message, Receipts
from satchel.ports.letter_states import LetterState


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    with four_people(tmp_path) as made:
        yield made


def last_copies_go(person: Person, folder: Path) -> Path:
    """To sticks, until nothing is left. Returns the first one."""
    for number in range(100):
        stick = folder / f"{person.name} {number}"
        stick.mkdir()
        if not out(person, stick).bundles:
            return folder / f"{person.name} 0"
    raise AssertionError


def mark_on(stick: Path) -> bytes:
    """The commitment of the one bundle there."""
    [bundle] = on_stick(stick).values()
    return decode_bundle(bundle).commitment


def asked(person: Person, other: Person) -> list[Message]:
    meeting = Meeting(person, other).run()
    meeting.end()
    return [one for one in said(meeting, person) if isinstance(one, Await)]


def read_by_carla(four: list[Person], home: Path) -> bytes:
    """Of a large letter of Amina's no copy is left with her, nor with Bilal, who had one of her sticks and
    then brought it to Carla. Returns its commitment."""
    amina, bilal, carla, _ = four
    large(amina, carla)
    pass_time(1.1, *four)
    stick = last_copies_go(amina, home)
    take(bilal, stick)
    meet(bilal, carla)
    assert len(carla.letters(amina)) == 1
    last_copies_go(bilal, home)
    assert not carried_by(amina)
    assert not carried_by(bilal)
    return mark_on(stick)


def test_c1_who_wrote_asks_for_a_receipt_as_who_has_carried_does(four: list[Person], tmp_path: Path) -> None:
    amina, bilal, _, dalia = four
    mark = read_by_carla(four, tmp_path)
    for person in (amina, bilal):
        assert asked(person, dalia) == [Await(commitments=(mark,))]
        person.begin()
        assert asked(person, dalia) == [Await(commitments=(mark,))]
    assert asked(dalia, amina) == []


def test_who_does_not_know_the_question_is_not_asked(four: list[Person], tmp_path: Path) -> None:
    """It would end the pipe at it, and give nothing more."""
    amina, *_ = four
    read_by_carla(four, tmp_path)
    begun = amina.office.begin(id_of("dalia"), we_dialled=True, has_something=lambda: None, may_ask=False)
    body, _ = amina.office.next_frame(begun)
    assert not any(isinstance(one, Await) for one in Unpacking().messages(body))


def test_a_receipt_comes_home_where_nobody_shows_the_letter(four: list[Person], tmp_path: Path) -> None:
    """Bilal hears of it from Carla, Amina from Bilal, and from then on both answer."""
    amina, bilal, carla, dalia = four
    mark = read_by_carla(four, tmp_path)
    for _ in range(VISITS):
        pass_time(2, *four)
        meet(carla, dalia)
    assert not carla.desk.sending.due_receipts()
    meet(bilal, carla)
    meet(amina, bilal)
    assert states(amina, carla) == [LetterState.DELIVERED]
    for person in (amina, bilal):
        assert asked(person, dalia) == []
        liar = Liar(person, "dalia")
        liar.say(Await(commitments=(mark,)))
        assert [type(one) for one in liar.heard()][-1] is Receipts


def test_c1_no_receipt_is_told_that_waits_however_it_is_asked_for(four: list[Person], tmp_path: Path) -> None:
    """Not by who has read it, nor by who wrote it and was told by the reader."""
    amina, _, carla, _ = four
    mark = read_by_carla(four, tmp_path)
    meet(amina, carla)
    assert states(amina, carla) == [LetterState.DELIVERED]
    for person in (amina, carla):
        assert person.desk.sending.due_receipts()
        liar = Liar(person, "dalia")
        liar.say(Await(commitments=(mark,)))
        assert not any(isinstance(one, Receipts) for one in liar.heard())


def test_c1_what_is_held_back_is_not_asked_for(four: list[Person], tmp_path: Path) -> None:
    """All its copies may be on sticks before contacts are shown it: nobody else asks, and then offers."""
    amina, _, carla, dalia = four
    large(amina, carla)
    for number in range(100):
        stick = tmp_path / f"{number}"
        stick.mkdir()
        out(amina, stick)
        [own] = amina.desk.bundles.to(id_of("carla"))
        if own.header.copies <= 1:
            break
    assert own.header.copies == 1
    assert asked(amina, dalia) == []
    pass_time(1.1, *four)
    meet(amina, dalia)
    assert carried_by(dalia)


@pytest.mark.parametrize("is_deleted", [False, True])
def test_c1_what_no_contact_was_shown_is_not_asked_for_when_it_has_ended(
    four: list[Person], is_deleted: bool
) -> None:
    """Its reader was given it at once, or its writer has taken it back: who carries it is nobody."""
    amina, _, carla, dalia = four
    large(amina, carla)
    if is_deleted:
        amina.office.delete(id_of("carla"), amina.letters(carla)[0].id)
    else:
        meet(amina, carla)
        assert states(amina, carla) == [LetterState.DELIVERED]
    assert asked(amina, dalia) == []
    amina.begin()
    assert asked(amina, dalia) == []


def test_small_letters_are_not_asked_for(four: list[Person], tmp_path: Path) -> None:
    """Who wrote one shows it until it is delivered; who has made room for others has lost it."""
    amina, bilal, _, dalia = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    amina.office.delete(id_of("carla"), amina.letters(four[2])[0].id)
    assert asked(amina, dalia) == []

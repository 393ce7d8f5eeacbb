"""Letters on a stick: real post offices, real files in a folder (C1, C2, W3)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from carriers.stick.samples import files_of, on_stick
from node.letters.office_kit import Person, id_of, meet, pass_time
from node.letters.stick_kit import VISITS, carried_by, four_people, out, receipts_on, states, take
from satchel.carriers.stick.contents import Contents
from satchel.core.bundles.header import BundleId, decode_bundle
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.kept import Source
from satchel.node import events
from satchel.ports.letter_states import LetterState


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    with four_people(tmp_path) as made:
        yield made


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def test_a_letter_goes_at_once_and_who_carries_it_reads_nothing(four: list[Person], stick: Path) -> None:
    """C1, C2: out by Amina, in and on by Bilal, whose quota for sticks it counts against, to Carla."""
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Come on Monday")
    assert out(amina, stick).bundles == 1
    assert {one.handed for one in amina.letters(carla)} == {1}
    assert take(bilal, stick).bundles == 1
    assert bilal.desk.bundles.shares()[Source.STICK].bundles == 1
    assert bilal.letters(amina) == []
    other = stick.parent / "other"
    other.mkdir()
    assert out(bilal, other).bundles == 1
    assert take(carla, other).bundles == 1
    assert carla.texts(amina) == ["Come on Monday"]
    assert [one.name for one in carla.told if isinstance(one, events.LetterCame)] == ["amina"]
    assert take(carla, stick).bundles == take(carla, other).bundles == 0


def test_what_goes_in_sessions_only_stays_off_sticks(four: list[Person], stick: Path) -> None:
    amina, _, carla, _ = four
    amina.time.plausible = False
    amina.office.write(id_of("carla"), "I do not know what day it is")
    assert out(amina, stick).bundles == 0
    amina.time.plausible = True
    assert out(amina, stick).bundles == 0
    assert take(carla, stick).bundles == 0


def test_a_receipt_goes_back_by_stick(four: list[Person], stick: Path) -> None:
    """A stick is a meeting with somebody else than who has delivered: the delay first, then an even chance
    each time (receipt 3.1, 3.2). What it is for leaves the stick with it."""
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    out(amina, stick)
    pass_time(1.1, *four)
    meet(amina, bilal)
    meet(bilal, carla)
    assert carla.texts(amina) == ["Hello"]
    out(carla, stick)
    assert not receipts_on(stick)  # not before its time
    assert on_stick(stick)
    for _ in range(VISITS):
        pass_time(2, *four)
        out(carla, stick)
        if receipts_on(stick):
            break
    assert len(receipts_on(stick)) == 1
    assert not on_stick(stick)
    assert not carried_by(carla)
    assert not carla.desk.sending.due_receipts()
    take(bilal, stick)
    assert not carried_by(bilal)
    take(amina, stick)
    assert states(amina, carla) == [LetterState.DELIVERED]
    assert [one.delivered for one in amina.told if isinstance(one, events.LetterEnded)] == [True]


def test_c1_what_a_stick_has_brought_no_stick_hears_of_first(four: list[Person], stick: Path) -> None:
    """All sticks are one: whose it is would be seen by who reads it next. With a contact it leaves, and then
    with sticks, too."""
    amina, _, carla, dalia = four
    amina.office.write(id_of("carla"), "Hello")
    out(amina, stick)
    take(carla, stick)
    assert carla.texts(amina) == ["Hello"]
    for _ in range(VISITS):
        pass_time(2, *four)
        assert out(carla, stick).receipts == 0
    assert len(on_stick(stick)) == 1
    for _ in range(VISITS):
        pass_time(2, *four)
        meet(carla, dalia)
    assert out(carla, stick).receipts == 1
    assert not on_stick(stick)
    take(amina, stick)
    assert states(amina, carla) == [LetterState.DELIVERED]


def test_c1_an_answer_says_that_a_letter_has_come_and_nobody_else_sees_it(
    four: list[Person], stick: Path
) -> None:
    """receipt 3.5: for who has sticks only. All that is shown and written stays as it was."""
    amina, _, carla, _ = four
    first, second = (amina.office.write(id_of("carla"), text) for text in ("One", "Two"))
    out(amina, stick)
    take(carla, stick)
    assert len(carla.letters(amina)) == 2
    carla.office.write(id_of("amina"), "I have read it", reply_to=first)
    out(carla, stick)
    before = on_stick(stick).keys(), carried_by(amina)
    take(amina, stick)
    assert {one.id: one.state for one in amina.letters(carla) if one.id in (first, second)} == {
        first: LetterState.DELIVERED,
        second: LetterState.UNDER_WAY,
    }
    assert [one.id for one in amina.told if isinstance(one, events.LetterEnded)] == [first]
    assert amina.desk.chains.speaking(id_of("carla")).known >= 1
    assert not any(due.is_own for due in amina.desk.sending.due_receipts())
    assert len(amina.desk.bundles.to(id_of("carla"))) == 2
    assert carried_by(amina) - before[1] <= before[0]
    out(amina, stick)
    assert on_stick(stick).keys() >= before[0]
    for _ in range(VISITS):  # and the receipt that comes later tells nothing new
        pass_time(2, *four)
        meet(carla, amina)
    assert [one.id for one in amina.told if isinstance(one, events.LetterEnded)] == [first, second]


def test_c1_what_was_opened_travels_on_as_if_it_had_not_come(four: list[Person], stick: Path) -> None:
    """Carla carries and lists what she has opened like Bilal, who could not."""
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    out(amina, stick)
    [id] = on_stick(stick)
    for person in (bilal, carla):
        take(person, stick)
        visit = person.office.visit_stick()
        assert [one.id for one in visit.offered()] == [id]
        assert [one.id for one in visit.held()] == [id]
        assert list(visit.receipts()) == []
        mine = stick.parent / person.name
        mine.mkdir(exist_ok=True)
        (mine / "a").mkdir()
        assert out(person, mine / "a").bundles == 1
        assert set(on_stick(mine / "a")) == {id}


def test_c1_what_its_writer_has_brought_is_taken_from_a_stick_as_if_it_were_new(
    four: list[Person], stick: Path
) -> None:
    amina, _, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    out(amina, stick)
    meet(amina, carla)
    assert carla.texts(amina) == ["Hello"]
    [(bundle, whole)] = on_stick(stick).items()
    assert carla.office.visit_stick().wants(bundle, decode_bundle(whole))
    assert take(carla, stick).bundles == 1
    assert carla.texts(amina) == ["Hello"]
    assert len(carried_by(carla)) == 1


def test_a_letter_that_was_deleted_is_taken_back_by_sticks(four: list[Person], stick: Path) -> None:
    amina, bilal, carla, _ = four
    id = amina.office.write(id_of("carla"), "A mistake")
    out(amina, stick)
    take(bilal, stick)
    amina.office.delete(id_of("carla"), id)
    for _ in range(VISITS):
        pass_time(2, *four)
        out(amina, stick)
    assert not on_stick(stick)
    take(bilal, stick)
    take(carla, stick)
    assert not carried_by(bilal)
    assert carla.texts(amina) == []


def test_an_inventory_keeps_off_what_all_have_and_ours_is_known_again(
    four: list[Person], stick: Path
) -> None:
    """stick 4.2, 4.3: for 40 days."""
    amina, bilal, _, _ = four
    amina.office.write(id_of("carla"), "Hello")
    out(amina, stick)
    take(bilal, stick)
    blank = stick.parent / "blank"
    blank.mkdir()
    out(bilal, blank)
    for path in files_of(blank):  # the inventory alone is there
        with path.open("rb") as file:
            if Contents(file).head.tags == 0:
                path.unlink()
    went = out(amina, blank)
    assert (went.bundles, went.left_out) == (0, 1)
    for path in files_of(blank):  # Amina's is on it, too, and for herself she leaves nothing out
        with path.open("rb") as file:
            salt = Contents(file).head.salt
        if salt not in amina.desk.inventories.salts():
            path.unlink()
    assert len(files_of(blank)) == 1
    assert out(amina, blank).bundles == 1
    assert len(amina.desk.inventories.salts()) == 3
    pass_time(41 * 24, amina)
    assert not amina.desk.inventories.salts()


def test_a_receipt_of_what_no_stick_may_carry_goes_on_none(four: list[Person], stick: Path) -> None:
    amina, _, carla, _ = four
    amina.time.plausible = False
    amina.office.write(id_of("carla"), "I do not know what day it is")
    meet(amina, carla)
    assert len(carla.desk.sending.due_receipts()) == 1
    for plausible in (False, True):
        amina.time.plausible = plausible
        for _ in range(VISITS):
            pass_time(2, *four)
            assert out(carla, stick).receipts == 0


def test_a_twin_of_what_is_delivered_is_not_wanted(four: list[Person], stick: Path) -> None:
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    out(amina, stick)
    take(bilal, stick)
    [bundle] = on_stick(stick).values()
    twin, header = BundleId(bytes(32)), decode_bundle(bundle)
    assert bilal.office.visit_stick().wants(twin, header)
    meet(amina, carla)
    [due] = carla.desk.sending.due_receipts()
    bilal.office.visit_stick().take_receipts([due.receipt])
    assert not carried_by(bilal)
    assert not bilal.office.visit_stick().wants(twin, header)


def test_forged_receipts_and_bundles_of_the_past_do_nothing(four: list[Person], stick: Path) -> None:
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    out(amina, stick)
    take(bilal, stick)
    [bundle] = on_stick(stick).values()
    visit = bilal.office.visit_stick()
    visit.take_receipts([Receipt(preimage=bytes(20), expiry_hour=decode_bundle(bundle).expiry_hour)])
    assert len(carried_by(bilal)) == 1
    over = replace(decode_bundle(bundle), expiry_hour=1)
    assert not carla.office.visit_stick().wants(BundleId(bytes(32)), over)
    pass_time(32 * 24, *four)
    assert take(carla, stick).bundles == 0
    assert out(carla, stick).bundles == 0

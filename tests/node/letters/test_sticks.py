"""Letters on a stick: real post offices, real files in a folder (C1, C2, W3)."""

import errno
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from carriers.stick.samples import files_of, on_stick
from carriers.stick.test_faults import Faulty
from node.letters.office_kit import Person, id_of, meet, pair_up, pass_time, people
from satchel.carriers.stick import CarriedOut, TakenIn, carry_in, carry_out
from satchel.carriers.stick import folder as folder_module
from satchel.carriers.stick import writer as writer_module
from satchel.carriers.stick.contents import Contents
from satchel.core.bundles.header import BundleId, class_of, decode_bundle
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.kept import Source
from satchel.core.sealing.letter import Attachment
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.ports.letter_states import LetterState

VISITS = 40  # of which each has an even chance to take a receipt along


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    """Amina, Bilal, Carla, Dalia, who all know each other."""
    with people(tmp_path, "amina", "bilal", "carla", "dalia") as made:
        for at, one in enumerate(made):
            for other in made[at + 1 :]:
                pair_up(one, other)
        yield made


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def out(person: Person, stick: Path, *, size_bytes: int | None = None) -> CarriedOut:
    visit, clock_s = person.office.visit_stick(), person.time.best_s()
    return carry_out(stick, visit, person.chance, clock_s=clock_s, size_bytes=size_bytes)


def take(person: Person, stick: Path) -> TakenIn:
    return carry_in(stick, person.office.visit_stick(), clock_s=person.time.best_s())


def states(writer: Person, reader: Person) -> list[LetterState]:
    return [one.state for one in writer.letters(reader)]


def receipts_on(stick: Path) -> set[Receipt]:
    found: set[Receipt] = set()
    for path in files_of(stick):
        with path.open("rb") as file:
            found.update(Contents(file).receipts())
    return found


def carried_by(person: Person) -> set[BundleId]:
    return {id for _, id in person.desk.bundles.rows()}


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


def large(writer: Person, reader: Person) -> None:
    """A letter in one bundle whose copies are counted."""
    book = Attachment(name=b"book", content=bytes(90_000))
    writer.office.write(id_of(reader.name), "", attachments=[book])


def test_large_bundles_go_as_to_one_contact(four: list[Person], stick: Path) -> None:
    """custody 4.2, 4.3: what is written and what is left are of one draw."""
    amina, bilal, carla, _ = four
    for _ in range(6):
        large(amina, carla)
    had = {kept.id: kept.header.copies for kept in amina.desk.bundles.to(id_of("carla"))}
    assert out(amina, stick).bundles == 6
    gave = {id: decode_bundle(bundle).copies for id, bundle in on_stick(stick).items()}
    left = {kept.id: kept.header.copies for kept in amina.desk.bundles.to(id_of("carla"))}
    assert 0 < sum(gave[id] < had[id] for id in had) < 6
    for id, count in had.items():
        assert left[id] == (count // 2 if gave[id] == count else count - gave[id])
    assert out(amina, stick).bundles == 0  # all of them are there
    take(bilal, stick)
    assert {
        kept.id: kept.header.copies for kept in bilal.desk.bundles.oldest(Source.STICK, class_of(90_000) or 0)
    } == gave


def test_the_last_copy_goes_and_is_remembered(four: list[Person], stick: Path) -> None:
    amina, bilal, carla, _ = four
    large(amina, carla)
    out(amina, stick)
    take(bilal, stick)
    for number in range(100):
        other = stick.parent / f"stick {number}"
        other.mkdir()
        if not out(bilal, other).bundles:
            break
        [bundle] = on_stick(other).values()
        last = decode_bundle(bundle).copies
    assert last == 1
    assert not carried_by(bilal)
    assert [one.id for one in bilal.office.visit_stick().held()] == list(on_stick(stick))
    assert take(bilal, stick).bundles == 0


def test_an_own_letter_whose_last_copy_is_on_a_stick_is_not_shown_any_more(
    four: list[Person], stick: Path
) -> None:
    """Not after a new start either. Its reader is still given it."""
    amina, bilal, carla, _ = four
    large(amina, carla)
    pass_time(1.1, *four)
    for number in range(100):
        other = stick / f"{number}"
        other.mkdir()
        if not out(amina, other).bundles:
            break
    assert number > 1
    meet(amina, bilal)
    assert not carried_by(bilal)
    amina.begin()
    pass_time(1.1, *four)
    meet(amina, bilal)
    assert not carried_by(bilal)
    meet(amina, carla)
    assert len(carla.letters(amina)) == 1


def test_an_own_letter_that_left_copies_on_a_stick_is_still_shown_after_a_new_start(
    four: list[Person], stick: Path
) -> None:
    amina, bilal, carla, _ = four
    large(amina, carla)
    out(amina, stick)
    amina.begin()
    pass_time(1.1, *four)
    meet(amina, bilal)
    assert len(carried_by(bilal)) == 1


def test_a_stick_that_is_full_gets_what_fits_and_what_did_not_go_counts_as_not_gone(
    four: list[Person], stick: Path
) -> None:
    amina, _, carla, _ = four
    for _ in range(3):
        large(amina, carla)
    went = out(amina, stick, size_bytes=800_000)
    assert went.is_full
    assert went.bundles == len(on_stick(stick)) == sum(one.handed for one in amina.letters(carla))
    assert 0 < went.bundles < 3


def test_pulled_out_at_any_moment_only_what_was_safe_counts(
    four: list[Person], stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not told as safe keeps all its copies, and is there whole when it was."""
    amina = four[0]
    books = [
        Attachment(name=b"book", content=bytes(90_000)),
        Attachment(name=b"other", content=bytes(700_000)),
    ]
    amina.office.write(id_of("carla"), "", attachments=books)
    amina.office.write(id_of("carla"), "Hello")
    before = {kept.id: kept.header.copies for kept in amina.desk.bundles.to(id_of("carla"))}
    for nth in range(1, 40):
        place = stick / str(nth)
        place.mkdir()
        faulty = Faulty(nth, errno.EIO, for_ever=True)
        with monkeypatch.context() as patched:
            patched.setattr(writer_module, "os", faulty)
            patched.setattr(folder_module, "os", faulty)
            with suppress(EnvironmentProblem):
                out(amina, place)
        after = {kept.id: kept.header.copies for kept in amina.desk.bundles.to(id_of("carla"))}
        assert {id for id in before if after[id] < before[id]} <= set(on_stick(place))
        before = after
        if not faulty.struck:
            assert nth > 5
            assert set(on_stick(place)) == set(before)
            return
    raise AssertionError("it never went through")


def test_a_receipt_that_did_not_fit_waits_on(four: list[Person], stick: Path) -> None:
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    meet(bilal, carla)
    for _ in range(VISITS):
        pass_time(2, *four)
        assert out(carla, stick, size_bytes=1000).receipts == 0
    assert len(carla.desk.sending.due_receipts()) == 1
    assert len(carried_by(carla)) == 1


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

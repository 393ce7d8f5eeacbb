"""How much of a letter leaves with a stick: copies, and only what was safe on it (custody 4; stick 4.5)."""

import errno
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from carriers.stick.samples import on_stick
from carriers.stick.test_faults import Faulty
from node.letters.office_kit import Person, id_of, meet, pass_time
from node.letters.stick_kit import VISITS, carried_by, four_people, large, out, take
from satchel.carriers.stick import folder as folder_module
from satchel.carriers.stick import writer as writer_module
from satchel.core.bundles.header import class_of, decode_bundle
from satchel.core.custody.kept import Source
from satchel.core.sealing.letter import Attachment
from satchel.errors import EnvironmentProblem


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    with four_people(tmp_path) as made:
        yield made


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


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

"""Letters from hand to hand over real stores: what the person sees, and what carriers do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from node.letters.office_kit import Meeting, Person, id_of, meet, pair_up, pass_time, people
from node.letters.stick_kit import large
from satchel.core.custody.codec import BLOCK_BYTES
from satchel.core.sealing.letter import Attachment
from satchel.node import events
from satchel.node.letters.exchanging import BODY_BYTES
from satchel.ports.letter_states import LetterState


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Person]]:
    """Amina and Carla know each other and Bilal; who carries is he."""
    with people(tmp_path, "amina", "bilal", "carla") as made:
        for one, other in ((0, 1), (1, 2), (0, 2)):
            pair_up(made[one], made[other])
        yield made


def states(writer: Person, reader: Person) -> list[LetterState]:
    return [one.state for one in writer.letters(reader)]


def test_a_letter_goes_directly_and_its_writer_hears_at_once(three: list[Person]) -> None:
    amina, _, carla = three
    amina.office.write(id_of("carla"), "Come on Monday")
    assert states(amina, carla) == [LetterState.UNDER_WAY]
    assert amina.office.waits_for() == {id_of("carla")}
    meet(amina, carla)
    assert carla.texts(amina) == ["Come on Monday"]
    [came] = [one for one in carla.told if isinstance(one, events.LetterCame)]
    assert (came.name, came.text, came.is_verified) == ("amina", "Come on Monday", True)
    assert states(amina, carla) == [LetterState.DELIVERED]
    assert amina.office.waits_for() == set()


def test_who_shows_an_own_letter_hears_of_each_carrier_more(three: list[Person]) -> None:
    """And when it is sealed: its state on a page is old then."""
    amina, bilal, carla = three
    id = amina.office.write(id_of("carla"), "Come on Monday")

    def moves() -> int:
        return amina.told.count(events.LetterMoved(id=id))

    assert moves() == 1  # it was sealed
    pass_time(1.1, *three)
    meet(amina, bilal)
    assert [one.handed for one in amina.letters(carla)] == [1]
    assert moves() == 2
    meet(amina, bilal)  # who has it already
    bilal.office.write(id_of("carla"), "Another")
    pass_time(1.1, *three)
    meet(bilal, amina)  # of others nothing is said
    assert moves() == 2
    assert {one.id for one in amina.told if isinstance(one, events.LetterMoved)} == {id}


def test_m3_less_room_for_others_counts_at_the_next_turn(three: list[Person]) -> None:
    """While sessions run, whose contacts are not promised any more what went; own letters are left alone."""
    amina, bilal, carla = three
    for number in range(8):
        amina.office.write(id_of("carla"), f"Letter {number}")
    bilal.office.write(id_of("carla"), "My own")
    pass_time(1.1, *three)
    meet(amina, bilal)
    assert bilal.office.carried() == {"others": 16_384, "own": 2_048, "room": 32 << 20}
    running = Meeting(bilal, carla)
    bilal.others = lambda _now_bytes: 5_000
    while bilal.office.prepare():
        pass
    assert bilal.office.carried() == {"others": 4_096, "own": 2_048, "room": 5_000}
    bilal.office.write(id_of("amina"), "a long letter " * 2_000)
    assert states(bilal, amina) == [LetterState.UNDER_WAY]  # own ones have what they had
    running.run()
    carla.office.wake()
    assert len(carla.texts(amina)) == 2
    assert carla.texts(bilal) == ["My own"]
    meet(amina, carla)  # nobody has lost any
    assert sorted(filter(None, carla.texts(amina))) == [f"Letter {number}" for number in range(8)]


def test_m3_where_the_disk_is_full_nothing_more_is_taken_and_nothing_goes(three: list[Person]) -> None:
    amina, bilal, _ = three
    amina.office.write(id_of("carla"), "One")
    pass_time(1.1, *three)
    meet(amina, bilal)
    had = bilal.office.carried()["others"]
    assert had == 2_048
    bilal.others = lambda now_bytes: max(now_bytes, 1_000)
    assert not bilal.office.prepare()
    amina.office.write(id_of("carla"), "Two")
    pass_time(1.1, *three)
    meet(amina, bilal)
    assert bilal.office.carried()["others"] == had  # one for another


def test_c2_what_makes_room_is_looked_at_before_it_goes(three: list[Person]) -> None:
    """It may be for this person, and is not taken again."""
    amina, bilal, carla = three
    amina.office.write(id_of("carla"), "For you")
    pass_time(1.1, *three)
    meet(amina, bilal)
    Meeting(bilal, carla).run()  # and nobody has looked at it yet
    assert carla.texts(amina) == []
    carla.others = lambda _now_bytes: 100
    while carla.office.prepare():
        pass
    assert carla.office.carried()["others"] == 0
    assert carla.texts(amina) == ["For you"]


def test_a_letter_with_a_large_file_goes_over_who_meets_both_and_so_does_its_receipt(
    three: list[Person],
) -> None:
    """C1, C2: Bilal opens nothing; the receipt comes back over him, after its delay."""
    amina, bilal, carla = three
    book = Attachment(name=b"book.epub", content=bytes(range(256)) * 20_000)
    amina.office.write(id_of("carla"), "Read this", attachments=[book])
    pass_time(1.1, *three)
    meet(amina, bilal)
    assert {one.handed for one in amina.letters(carla)} == {1}
    meet(bilal, carla)
    assert carla.texts(amina) == ["Read this"]
    [letter] = carla.letters(amina)
    assert carla.desk.letters.attachment(id_of("amina"), letter.id, 0) == book.content
    assert bilal.letters(amina) == bilal.letters(carla) == []
    for _ in range(40):
        pass_time(2, *three)
        meet(carla, bilal)
        meet(bilal, amina)
    # Bilal delivered it, and so never is the first to hear: with nobody else there is no receipt (3.2).
    assert states(amina, carla) == [LetterState.UNDER_WAY]


def test_a_receipt_leaves_with_somebody_else(tmp_path: Path) -> None:
    with people(tmp_path, "amina", "bilal", "carla", "dalia") as four:
        amina, bilal, carla, dalia = four
        for one, other in ((amina, bilal), (bilal, carla), (amina, carla), (carla, dalia), (bilal, dalia)):
            pair_up(one, other)
        amina.office.write(id_of("carla"), "Hello")
        pass_time(1.1, *four)
        meet(amina, bilal)
        meet(bilal, carla)
        meet(carla, dalia)
        for _ in range(40):
            pass_time(2, *four)
            for one, other in ((carla, dalia), (dalia, bilal), (bilal, amina)):
                meet(one, other)
        assert states(amina, carla) == [LetterState.DELIVERED]
        assert not list(bilal.desk.bundles.rows())
        assert not list(carla.desk.bundles.rows())


def test_what_was_deleted_is_gone_from_carriers_too(three: list[Person]) -> None:
    amina, bilal, carla = three
    id = amina.office.write(id_of("carla"), "A mistake")
    pass_time(1.1, *three)
    meet(amina, bilal)
    assert len(list(bilal.desk.bundles.rows())) == 1
    amina.office.delete(id_of("carla"), id)
    for _ in range(40):
        pass_time(2, *three)
        meet(amina, bilal)
    assert not list(bilal.desk.bundles.rows())
    meet(bilal, carla)
    assert carla.texts(amina) == []


@pytest.mark.slow
def test_a_meeting_cut_anywhere_loses_nothing_and_a_new_start_goes_on(three: list[Person]) -> None:
    amina, bilal, carla = three
    book = Attachment(name=b"book", content=bytes(700_000))
    amina.office.write(id_of("carla"), "", attachments=[book])
    pass_time(1.1, *three)
    for turn in range(16):
        meet(amina, bilal, frames_max=5 + turn % 4)
        bilal.begin()
        amina.begin()
        pass_time(1.1, *three)
    for turn in range(16):
        meet(bilal, carla, frames_max=5 + turn % 4)
        carla.begin()
        bilal.begin()
    assert len(carla.letters(amina)) == 1


def test_who_stays_together_is_told_of_what_comes_later(three: list[Person]) -> None:
    """custody 6.3, 5.1"""
    amina, bilal, carla = three
    meetings = [Meeting(amina, bilal), Meeting(bilal, carla)]
    amina.office.write(id_of("bilal"), "To you")
    amina.office.write(id_of("carla"), "Over you")
    for _ in range(3):
        for meeting in meetings:
            meeting.run()
    assert bilal.texts(amina) == ["To you"]
    assert carla.texts(amina) == []  # it is held back
    pass_time(1.1, *three)
    for _ in range(3):
        for meeting in meetings:
            meeting.run()
    pass_time(0, carla)
    assert carla.texts(amina) == ["Over you"]


def noting(written: list[tuple[str, str]], what: tuple[str, str], do: Callable[..., Any]) -> Any:
    def write(*words: Any) -> Any:
        written.append(what)
        return do(*words)

    return write


def test_c1_who_brings_a_bundle_sees_the_same_of_its_reader_and_of_a_carrier(
    three: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """custody 6.9: our word comes first, and then one writing each."""
    amina, bilal, carla = three
    written: list[tuple[str, str]] = []
    for person in three:
        arrivals = person.desk.arrivals
        monkeypatch.setattr(arrivals, "open", noting(written, (person.name, "open"), arrivals.open))
        monkeypatch.setattr(
            arrivals, "rehearse", noting(written, (person.name, "rehearse"), arrivals.rehearse)
        )
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *three)
    for giver, taker in ((amina, bilal), (bilal, carla)):
        meeting = Meeting(giver, taker).run()
        assert list(taker.desk.bundles.rows())  # it has said Got
        assert written == ([] if taker is bilal else [("bilal", "rehearse")])
        meeting.end()
    assert written == [("bilal", "rehearse"), ("carla", "open")]
    pass_time(1, *three)
    assert len(written) == 2


def test_frames_are_full_while_there_is_more(three: list[Person]) -> None:
    """custody 7.1, 7.2: blocks and their heads are cut where a frame is full."""
    amina, bilal, _ = three
    amina.office.write(id_of("bilal"), "", attachments=[Attachment(name=b"book", content=bytes(900_000))])
    saying, hearing = Meeting(amina, bilal).sides
    bilal.office.hear(hearing[1], amina.office.next_frame(saying[1])[0])
    amina.office.hear(saying[1], bilal.office.next_frame(hearing[1])[0])
    lengths, more = [], True
    while more:
        body, more = amina.office.next_frame(saying[1])
        bilal.office.hear(hearing[1], body)
        lengths.append(len(body))
    assert lengths[:-1] == [BODY_BYTES] * 16
    assert sum(lengths) == 16 * (BLOCK_BYTES + 9)
    assert len(bilal.letters(amina)) == 1


def test_m3_one_contacts_letters_leave_room_for_those_of_others(three: list[Person]) -> None:
    """letter 2.8: what has no room stays sealed, and opens when something was deleted."""
    amina, bilal, carla = three
    carla.room_bytes = 3_000
    for number in range(3):
        amina.office.write(id_of("carla"), f"{number} {'x' * 1_500}")
    bilal.office.write(id_of("carla"), "a short one")
    pass_time(1.1, *three)
    meet(amina, bilal)
    meet(bilal, carla)
    assert len(carla.texts(amina)) == 2
    assert carla.texts(bilal) == ["a short one"]
    pass_time(1, carla)
    assert len(carla.texts(amina)) == 2
    meet(amina, carla)  # nor directly
    assert len(carla.texts(amina)) == 2
    carla.office.delete(id_of("amina"), carla.letters(amina)[0].id)
    pass_time(1, carla)
    assert len(carla.texts(amina)) == 2
    assert len({(text or "")[0] for text in carla.texts(amina)}) == 2


def test_m3_what_came_in_part_goes_when_it_expires_also_while_it_comes(three: list[Person]) -> None:
    amina, bilal, carla = three
    large(amina, carla)
    pass_time(1.1, *three)
    meeting = Meeting(amina, bilal)
    bundles, partly = bilal.desk.bundles, 0
    while not partly:
        meeting.run(frames_max=len(meeting.frames) + 1)
        partly = sum(bundles.partials(id_of("amina")).values())
    pass_time(40 * 24, bilal)
    assert not bundles.partials(id_of("amina"))
    meeting.run()
    assert not bundles.partials(id_of("amina"))
    assert not list(bundles.rows())

"""Nothing that a contact hears says what is ours (C1); what a full disk or a cut prevented is done again."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from node.letters.office_kit import Meeting, Person, id_of, meet, pair_up, pass_time, people
from satchel.core.bundles.header import BundleId, bundle_id, decode_bundle
from satchel.core.custody import effects as e
from satchel.core.custody.codec import Unpacking
from satchel.core.custody.messages import Answer, Block, Message, Offer, Receipts, Want
from satchel.core.sealing.letter import LetterId
from satchel.errors import EnvironmentProblem
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import Opening
from store.letter_samples import carried

NAMES = ("amina", "bilal", "carla", "dalia")


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    """All know each other."""
    with people(tmp_path, *NAMES) as made:
        for at, one in enumerate(made):
            for other in made[at + 1 :]:
                pair_up(one, other)
        yield made


def said(meeting: Meeting, person: Person) -> list[Message]:
    return [message for who, message in all_said(meeting) if who is person]


def all_said(meeting: Meeting, since: int = 0) -> list[tuple[Person, Message]]:
    """`since`: so many frames passed before."""
    unpacking: defaultdict[Person, Unpacking] = defaultdict(Unpacking)
    told = [(who, list(unpacking[who].messages(body))) for who, body in meeting.frames]
    return [(who, message) for who, messages in told[since:] for message in messages]


def arrived(*bundles: bytes) -> list[e.Arrived]:
    return [
        e.Arrived(id=bundle_id(one), header=decode_bundle(one), bundle=one, direct=False) for one in bundles
    ]


def forwarded(count: int, hour: int) -> list[bytes]:
    return [carried(number, hour=hour)[0] for number in range(count)]


def hour_of(person: Person) -> int:
    return (person.time.read().time_s - 1_577_836_800) // 3600 + 500


def over_bilal(four: list[Person]) -> None:
    """Carla has opened what Amina wrote, and Dalia carries it, too."""
    amina, bilal, carla, dalia = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    meet(bilal, dalia)
    meet(bilal, carla)
    assert carla.texts(amina) == ["Hello"]


def test_a_receipt_that_leaves_is_told_only_where_the_bundle_still_is(four: list[Person]) -> None:
    """receipt 3.2: said before anything was compared, it would be known as the speaker's own."""
    _, _, carla, dalia = four
    over_bilal(four)
    told = False
    for _ in range(40):
        pass_time(2, *four)
        meeting = Meeting(carla, dalia).run()
        meeting.end()
        kinds = [type(message) for _, message in all_said(meeting)]
        if Receipts in kinds:
            told = True
            assert kinds.index(Receipts) > kinds.index(Answer)
    assert told
    assert not list(dalia.desk.bundles.rows())


@pytest.mark.parametrize("starts_again", [False, True])
def test_c1_what_came_from_its_writer_is_refused_later_as_by_who_has_carried_it(
    four: list[Person], starts_again: bool
) -> None:
    """Who asks for it first, and says its receipt when it sees the header, was its reader (C1). After a new
    start, too."""
    amina, bilal, carla, dalia = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    meet(amina, carla)
    if starts_again:
        carla.begin()
    for _ in range(40):
        pass_time(2, *four)
        meet(carla, dalia)
    meeting = Meeting(carla, bilal).run()
    assert any(isinstance(one, Receipts) for one in said(meeting, carla))
    assert not any(isinstance(one, Want) for one in said(meeting, carla))
    assert not any(isinstance(one, Block) for one in said(meeting, bilal))


def test_own_bundles_join_those_of_others_in_one_offer_and_not_to_who_brought_them(
    four: list[Person],
) -> None:
    amina, bilal, carla, _ = four
    amina.office.write(id_of("dalia"), "Hello")
    waiting = Meeting(amina, bilal).run()
    [own] = {kept.id for kept in amina.desk.bundles.to(id_of("dalia"))}
    offers: list[set[BundleId]] = []
    for turn in range(40):  # from half an hour on it joins whatever comes
        amina.time.now_s += 60
        carla.office.take_in(None, arrived(carried(turn, hour=hour_of(carla))[0]))
        before = len(waiting.frames)
        bringing = Meeting(carla, amina).run()
        bringing.end()
        waiting.run()
        offers = [offered for offered in offered_by(waiting, amina, before) if own in offered]
        if offers:
            assert own not in set().union(*offered_by(bringing, amina))
            break
    assert [len(offered) for offered in offers] == [2]


def offered_by(meeting: Meeting, person: Person, since: int = 0) -> list[set[BundleId]]:
    told = [message for who, message in all_said(meeting, since) if who is person]
    return [{one.id for one in message.bundles} for message in told if isinstance(message, Offer)]


def wants_and_blocks(giver: Person, taker: Person) -> tuple[list[BundleId], list[BundleId]]:
    """In which order it asks, and in which order it gets."""
    meeting = meet(giver, taker)
    asked = [one.id for want in said(meeting, taker) if isinstance(want, Want) for one in want.bundles]
    got = [asked[one.number] for one in said(meeting, giver) if isinstance(one, Block) and one.place == 0]
    return asked, got


def test_who_reads_asks_and_is_given_in_the_same_order_as_who_carries(four: list[Person]) -> None:
    """C1: equal to the last one, given the same bundles: the order follows from class, expiry and id."""
    amina, bilal, carla, dalia = four
    for number in range(30):
        amina.office.write(id_of("carla" if number % 3 else "dalia"), f"{number}" * (1 + number * 40))
    pass_time(1.1, amina)
    bilal.office.take_in(None, arrived(*forwarded(20, hour_of(bilal))))
    meet(amina, bilal)
    reader = wants_and_blocks(bilal, carla)
    other_reader = wants_and_blocks(bilal, dalia)
    assert len(reader[0]) == 50
    assert len(carla.texts(amina)) == 20
    assert reader == other_reader
    assert set(reader[1]) == set(reader[0])


class Full:
    """A store that fails once when something is to be opened."""

    def __init__(self, person: Person) -> None:
        self._open, self.failed = person.desk.arrivals.open, 0
        person.desk.arrivals.open = self.open  # type: ignore[method-assign]

    def open(self, openings: Sequence[Opening]) -> list[LetterId]:
        if not self.failed:
            self.failed += 1
            raise EnvironmentProblem("The disk is full.", safe="Nothing was changed.", do="Make room.")
        return self._open(openings)


def test_what_could_not_be_opened_for_a_full_disk_is_tried_again(four: list[Person]) -> None:
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    full = Full(carla)
    with pytest.raises(EnvironmentProblem):
        meet(bilal, carla)
    assert full.failed
    assert carla.texts(amina) == []
    pass_time(0.1, carla)
    assert carla.texts(amina) == ["Hello"]


def test_a_receipt_that_was_lost_is_told_to_its_writer_again(tmp_path: Path) -> None:
    """receipt 3.3: two who meet nobody else."""
    with people(tmp_path, "amina", "carla") as (amina, carla):
        pair_up(amina, carla)
        amina.office.write(id_of("carla"), "Hello")
        meeting = Meeting(amina, carla)
        while not carla.texts(amina):
            for at, (person, side) in enumerate(meeting.sides):
                body, _ = person.office.next_frame(side)
                hearer, heard = meeting.sides[1 - at]
                if body and not carla.texts(amina):
                    hearer.office.hear(heard, body)
        meeting.end()  # what Carla says now is lost
        assert amina.letters(carla)[0].state is LetterState.UNDER_WAY
        meet(amina, carla)
        assert amina.letters(carla)[0].state is LetterState.DELIVERED
        [due] = amina.desk.sending.due_receipts()
        meet(carla, amina)
        assert amina.desk.sending.due_receipts() == [due]  # it waits for the others, whatever is told again
        past = [amina.desk.bundles.known(decode_bundle(carried(1)[0]).commitment)]
        assert past == [None]
        assert not list(amina.desk.bundles.receipts())


def test_who_was_restored_hears_that_a_letter_came_whose_bytes_no_backup_has(tmp_path: Path) -> None:
    """profile 11.5"""
    with people(tmp_path, "amina", "bilal", "carla") as made:
        amina, bilal, carla = made
        for one, other in ((amina, bilal), (bilal, carla), (amina, carla)):
            pair_up(one, other)
        amina.office.write(id_of("carla"), "Hello")
        pass_time(1.1, *made)
        meet(amina, bilal)
        meet(bilal, carla)
        with amina.desk.database.changing() as connection:
            connection.execute("UPDATE own_bundle SET blob = NULL")
        amina.begin()
        assert amina.letters(carla)[0].state is LetterState.UNDER_WAY
        meet(carla, amina)
        assert amina.letters(carla)[0].state is LetterState.DELIVERED


def test_many_at_once_stay_within_the_space(four: list[Person]) -> None:
    """custody 2.3, also where they come as one."""
    amina = four[0]
    amina.space_bytes = 40_960
    amina.begin()
    amina.office.take_in(id_of("bilal"), arrived(*forwarded(100, hour_of(amina))))
    assert sum(share.size_bytes for share in amina.desk.bundles.shares().values()) <= 20_480
    assert len(list(amina.desk.bundles.rows())) == 10

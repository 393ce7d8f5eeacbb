"""Two sets, told apart: the difference is found, whatever they are and however small the messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reconcile.reconcile_kit import HOUR, Row, Talk, drawn, named, reconcile
from satchel.core.reconcile.effects import Have, Need, Say, Settled
from satchel.core.reconcile.initiator import IDS_PER_EFFECT_MAX, Initiator
from satchel.core.reconcile.message import MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, decode
from satchel.core.reconcile.records import INFINITY, Records
from satchel.core.reconcile.responder import Responder
from satchel.errors import MisuseError

LIMITS = st.sampled_from([MESSAGE_BYTES_MIN, 4_097, 6_000, 16_361, MESSAGE_BYTES_MAX])


def told_apart(talk: Talk, ours: list[Row], theirs: list[Row]) -> None:
    """All of the difference, each part of it once."""
    assert sorted(talk.has) == sorted(id for _, id in set(ours) - set(theirs))
    assert sorted(talk.needs) == sorted(id for _, id in set(theirs) - set(ours))
    assert talk.settled


@settings(max_examples=50)
@given(
    st.integers(0, 1_000),
    st.integers(0, 300),
    st.integers(0, 300),
    st.sampled_from([1, 5, 700]),
    LIMITS,
    LIMITS,
)
def test_any_two_sets_under_any_limits(
    both: int, only_ours: int, only_theirs: int, hours: int, limit_bytes: int, answer_bytes: int
) -> None:
    common = drawn("both", both, hours=hours)
    ours = common + drawn("ours", only_ours, hours=hours)
    theirs = common + drawn("theirs", only_theirs, hours=hours)
    talk = reconcile(
        Records(sorted(ours)), Records(sorted(theirs)), limit_bytes=limit_bytes, answer_bytes=answer_bytes
    )
    told_apart(talk, ours, theirs)
    assert max(map(len, talk.messages[::2])) <= limit_bytes
    assert max(map(len, talk.messages[1::2])) <= answer_bytes


ALIKE = st.integers(0, 5_000).map(lambda number: (number % 4, number.to_bytes(2, "big") * 16))


@given(st.sets(ALIKE), st.sets(ALIKE))
def test_ids_that_are_no_hashes_and_hours_that_are_one(ours: set[Row], theirs: set[Row]) -> None:
    told_apart(reconcile(Records(ours), Records(theirs)), list(ours), list(theirs))


@pytest.mark.parametrize(("ours", "theirs"), [(0, 0), (0, 5_000), (5_000, 0), (5_000, 5_000)])
@pytest.mark.parametrize("limit_bytes", [MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX])
def test_nothing_in_common(ours: int, theirs: int, limit_bytes: int) -> None:
    left, right = drawn("left", ours), drawn("right", theirs)
    talk = reconcile(
        Records(sorted(left)), Records(sorted(right)), limit_bytes=limit_bytes, answer_bytes=limit_bytes
    )
    told_apart(talk, left, right)


def test_equal_sets_take_one_round_and_350_bytes() -> None:
    rows = sorted(drawn("equal", 30_000))
    talk = reconcile(Records(rows), Records(rows))
    assert (talk.rounds, talk.has, talk.needs, talk.settled) == (1, [], [], True)
    assert talk.size_bytes <= 350


def test_one_difference_takes_three_rounds_and_2500_bytes() -> None:
    rows = sorted(drawn("equal", 30_000))
    for ours, theirs in (
        (rows, [*rows, (HOUR + 3, named("one"))]),
        ([*rows, (HOUR + 600, named("two"))], rows),
    ):
        talk = reconcile(Records(ours), Records(theirs))
        told_apart(talk, ours, theirs)
        assert talk.rounds <= 3
        assert talk.size_bytes <= 2_500


def test_a_meeting_of_30_seconds_has_a_short_inventory() -> None:
    """Stores of 20,000 with 500 different ones: 192 KiB anywhere, 64 KiB among the newest."""
    rows = sorted(drawn("store", 20_000))
    anywhere, newest = drawn("new", 500), [(hour + 690, id) for hour, id in drawn("new", 500, hours=10)]
    for new, size_max in ((anywhere, 192 << 10), (newest, 64 << 10)):
        ours, theirs = Records(rows), Records(rows)
        for number, row in enumerate(new):
            (ours, theirs)[number % 2].insert(*row)
        talk = reconcile(ours, theirs)
        assert sorted(talk.has + talk.needs) == sorted(id for _, id in new)
        assert talk.size_bytes <= size_max


def test_the_newest_are_asked_for_first() -> None:
    """A transfer can begin with them, and the meeting may end at any instant."""
    theirs = sorted(drawn("theirs", 6_000))
    talk = Talk()
    initiator, responder = Initiator(Records(), limit_bytes=MESSAGE_BYTES_MIN), Responder(Records(theirs))
    said: bytes | None = initiator.begin().message
    sizes = []
    while said is not None:
        said = talk.hear(initiator, responder.hear(said))
        sizes.append(len(talk.needs))
    assert sizes[0] > 1_000  # told with the first answer, not at the end
    rows = sorted(drawn("common", 3_000))
    ours, theirs = Records(rows), rows + drawn("more", 3_000)
    first = Talk()
    initiator = Initiator(ours, limit_bytes=MESSAGE_BYTES_MIN)
    responder = Responder(Records(sorted(theirs)), limit_bytes=MESSAGE_BYTES_MIN)
    said = initiator.begin().message
    while said is not None and not first.needs:
        said = first.hear(initiator, responder.hear(said))
    hours = {id: hour for hour, id in theirs}
    assert min(hours[id] for id in first.needs) > HOUR + 350


def test_the_next_question_leaves_before_ids_are_collected() -> None:
    ours, theirs = Records(sorted(drawn("a", 3_000))), Records(sorted(drawn("b", 3_000)))
    initiator, responder = Initiator(ours), Responder(theirs)
    effects = list(initiator.hear(responder.hear(initiator.begin().message)))
    while not any(isinstance(effect, Need) for effect in effects):
        assert isinstance(effects[0], Say)
        effects = list(initiator.hear(responder.hear(effects[0].message)))
    assert isinstance(effects[0], Say | Have | Need)
    assert isinstance(effects[0], Say) or isinstance(effects[-1], Settled)


def test_ids_come_in_portions() -> None:
    initiator = Initiator(Records(sorted(drawn("a", 5_000))))
    effects = list(initiator.hear(Responder(Records()).hear(initiator.begin().message)))
    has = [effect for effect in effects if isinstance(effect, Have)]
    assert sum(len(effect.ids) for effect in has) == 5_000
    assert max(len(effect.ids) for effect in has) <= IDS_PER_EFFECT_MAX


POOL = drawn("pool", 500)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 499)), max_size=40), st.data())
def test_sets_that_change_while_they_are_compared(
    changes: list[tuple[bool, bool, int]], data: st.DataObject
) -> None:
    """Decision 0207: what was there from before to after is told right, whatever came and went meanwhile."""
    pool, (ours, theirs) = POOL, (POOL[:350], POOL[150:])
    sets = Records(sorted(ours)), Records(sorted(theirs))
    touched = set()
    initiator, responder = Initiator(sets[0], limit_bytes=4_096), Responder(sets[1], limit_bytes=4_096)
    talk, said = Talk(), initiator.begin().message

    def change() -> None:
        for is_ours, is_new, number in changes[:: max(1, data.draw(st.integers(1, 4)))]:
            records, row = sets[0 if is_ours else 1], pool[number]
            (records.insert if is_new else records.remove)(*row)
            touched.add(row[1])

    following: bytes | None = said
    while following is not None:
        change()
        answer = responder.hear(following)
        change()
        following = talk.hear(initiator, answer)
    assert set(talk.has) - touched == {id for _, id in pool[:150]} - touched
    assert set(talk.needs) - touched == {id for _, id in pool[350:]} - touched
    assert talk.settled


def test_a_set_that_changes_while_ids_are_drawn() -> None:
    ours = Records(sorted(drawn("a", 5_000)))
    initiator = Initiator(ours)
    effects = initiator.hear(Responder(Records()).hear(initiator.begin().message))
    has: list[bytes] = []
    for effect in effects:
        if isinstance(effect, Have):
            has += effect.ids
        for row in drawn("a", 5_000)[len(has) % 1_000 :: 1_000]:
            ours.remove(*row)
    assert len(has) == len(set(has)) > 4_000


def test_a_full_message_of_ours_does_not_end_with_a_guess() -> None:
    """[6.1] Else whoever answers would go over all of it again."""
    common = drawn("both", 4_000)
    ours, theirs = Records(sorted(common + drawn("a", 900))), Records(sorted(common + drawn("b", 900)))
    talk = reconcile(ours, theirs, limit_bytes=MESSAGE_BYTES_MIN)
    asked = [range for message in talk.messages[2::2] for range in decode(message)]
    assert len(asked) == len(set(asked))
    assert sum(range.upper == INFINITY for range in asked) <= 4  # at most once for each depth


def test_misuse() -> None:
    for limit_bytes in (MESSAGE_BYTES_MIN - 1, MESSAGE_BYTES_MAX + 1):
        with pytest.raises(MisuseError):
            Initiator(Records(), limit_bytes=limit_bytes)
        with pytest.raises(MisuseError):
            Responder(Records(), limit_bytes=limit_bytes)
    initiator = Initiator(Records())
    with pytest.raises(MisuseError):
        initiator.hear(b"\x61")
    initiator.begin()
    with pytest.raises(MisuseError):
        initiator.begin()
    assert [*initiator.hear(b"\x61")] == [Settled()]
    with pytest.raises(MisuseError):
        initiator.hear(b"\x61")

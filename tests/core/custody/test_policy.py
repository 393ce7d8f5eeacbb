"""What is kept, and who pays when there is no room: who brought it (M3, C2)."""

import random
from dataclasses import replace

import pytest

from core.custody.custody_kit import (
    CLOCK_S,
    HOUR,
    LARGE,
    LARGEST,
    MIDDLE,
    SMALL,
    Person,
    bundle,
    contact,
    drawn,
    receipt,
)
from satchel.core.bundles.header import BundleId, bundle_id, decode_header
from satchel.core.bundles.held_back import HeldBack
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.kept import Forget, Ingress, Keep, Kept, Remember, Share, Source
from satchel.core.custody.policy import CHANGES_MAX, GOING_BYTES_MAX, Custody

MIB = 1 << 20
FLOODER, FRIEND, OTHER = contact("flooder"), contact("friend"), contact("other")


def keeper(*, mib: int = 8, bundles_max: int = 10_000, past_max: int = 10_000) -> Person:
    made = Person("amina")
    made.custody = Custody(
        *(made.shelf, mib * MIB, mib * MIB // 2), bundles_max=bundles_max, past_max=past_max
    )
    return made


def kept_of(bundle: bytes, ingress: Ingress) -> Keep:
    kept = Kept(
        id=bundle_id(bundle), header=decode_header(bundle), ingress=ingress, arrived_s=0, offered=True
    )
    return Keep(kept=kept)


def used_bytes(person: Person, ingress: Ingress) -> int:
    return person.shelf.shares().get(ingress, Share()).size_bytes


def test_m3_a_flooding_contact_gets_its_part_and_others_keep_theirs() -> None:
    """Whatever the flooder brings, however much, whatever it writes in it."""
    amina = keeper()
    friends = [bundle(("friend", n), LARGE, hours=n) for n in range(6)]
    others = [bundle(("other", n), MIDDLE) for n in range(9)]
    chance = random.Random(4)
    for number in range(60):
        if number % 8 == 0 and friends:
            assert amina.take_in(friends[number // 8 % 6], FRIEND) or number >= 48
        if number < 9:
            amina.take_in(others[number], OTHER)
        amina.now_s += 60
        size = chance.choice([SMALL, MIDDLE, LARGE, LARGEST])
        assert amina.take_in(bundle(("flood", number), size, hours=600, copies=31), FLOODER)
    kept = set(amina.shelf.rows)
    assert {bundle_id(one) for one in [*friends, *others]} <= kept
    total = sum(used_bytes(amina, who) for who in (FLOODER, FRIEND, OTHER))
    assert total <= 4 * MIB
    assert used_bytes(amina, FLOODER) > 1 * MIB


def test_m3_a_flood_of_small_ones_is_one_as_well() -> None:
    amina = keeper(bundles_max=40)
    amina.take_in(bundle("friend's", LARGE), FRIEND)
    for number in range(60):
        assert amina.take_in(bundle(("small", number)), FLOODER)
    assert bundle_id(bundle("friend's", LARGE)) in amina.shelf.rows
    assert amina.shelf.shares()[FLOODER].bundles == 19


def test_m3_sticks_are_one_neighbour() -> None:
    amina = keeper(mib=4)
    amina.take_in(bundle("friend's", LARGE), FRIEND)
    for number in range(5):
        assert amina.take_in(bundle(("stick", number), LARGEST), Source.STICK)
    assert bundle_id(bundle("friend's", LARGE)) in amina.shelf.rows
    assert used_bytes(amina, Source.STICK) == MIB


def test_of_who_takes_most_the_largest_and_oldest_goes() -> None:
    amina = keeper(mib=4)
    came = {}
    for name, size, age_s in (
        ("old small", SMALL, 9_000),
        ("old large", LARGE, 4_000),
        ("new large", LARGE, 100),
        ("old middle", MIDDLE, 15_000),
        ("friend's", LARGE, 50_000),
    ):
        amina.now_s = 100_000 - age_s
        came[name] = bundle(name, size)
        assert amina.take_in(came[name], FRIEND if name == "friend's" else FLOODER)
    amina.now_s = 100_000
    gone = []
    for number in range(6):
        before = amina.ids
        assert amina.take_in(bundle(("more", number), LARGE), FLOODER)
        gone.append({name for name, one in came.items() if bundle_id(one) in before - amina.ids})
    assert gone == [*[set()] * 4, {"old large"}, {"old middle", "new large"}]


def test_c1_of_large_ones_what_was_handed_on_goes_first() -> None:
    """Else, where stores overflow, hardly anybody but its writer would have all copies of a bundle."""
    amina = keeper(mib=4)
    first = [bundle(("first", number), LARGE, copies=24 + number) for number in range(3)]
    spread = [bundle(("spread", number), LARGE, copies=1 + number) for number in range(8)]
    for one in [*first, *spread]:
        assert amina.take_in(one, FRIEND)
        amina.now_s += 60
    assert set(amina.shelf.rows) == {bundle_id(one) for one in [*first, *spread[3:]]}
    for number in range(8):
        assert amina.take_in(bundle(("more", number), LARGE, copies=31), FRIEND)
    assert not set(amina.shelf.rows) & {bundle_id(one) for one in [*first, *spread]}


def test_what_made_room_is_not_taken_again() -> None:
    """Else two full stores would send each other the same for ever."""
    amina = keeper(mib=2)
    first = bundle("first", LARGE)
    assert amina.take_in(first, FRIEND)
    for number in range(4):
        amina.take_in(bundle(number, LARGE), FRIEND)
    assert bundle_id(first) not in amina.ids
    assert not amina.take_in(first, OTHER)
    assert amina.shelf.gone[bundle_id(first)].preimage is None


def test_half_of_the_space_is_for_own_letters() -> None:
    amina = keeper(mib=4)
    for number in range(20):
        amina.take_in(bundle(number, LARGE), FRIEND)
    assert used_bytes(amina, FRIEND) == 2 * MIB
    for number in range(2):
        amina.write(bundle(("own", number), LARGEST))
    full = bundle(("own", 2), LARGEST)
    assert amina.custody.write(bundle_id(full), decode_header(full), now_s=0) is None
    assert used_bytes(amina, FRIEND) == 2 * MIB  # nobody's letter goes for an own one


def test_m3_where_the_person_wants_less_the_same_ones_go_and_own_ones_have_what_they_had() -> None:
    """[2.8] In portions; who brought most pays, and from then on nobody has more."""
    amina = keeper(mib=8)
    for number in range(2_000):
        amina.shelf.apply([kept_of(bundle(("flood", number)), FLOODER)])
    friends = bundle("friend's", LARGE)
    amina.take_in(friends, FRIEND)
    assert amina.custody.crowded(now_s=0) == []
    amina.custody = replace(amina.custody, others_bytes=MIB)
    portions = []
    while changes := amina.custody.crowded(now_s=0):
        portions.append(len(changes))
        amina.shelf.apply(changes)
    assert max(portions) == CHANGES_MAX
    assert len(portions) > 1
    assert used_bytes(amina, FLOODER) == MIB - used_bytes(amina, FRIEND)
    assert bundle_id(friends) in amina.ids
    assert bundle_id(bundle(("flood", 1_999))) in amina.ids  # the oldest went
    assert bundle_id(bundle(("flood", 0))) in amina.shelf.gone
    assert amina.take_in(bundle("one more", LARGE), OTHER)
    assert sum(used_bytes(amina, who) for who in (FLOODER, FRIEND, OTHER)) <= MIB
    for number in range(4):  # half of the space, as before
        assert amina.write(bundle(("own", number), LARGEST))


def test_m3_not_much_goes_at_once_since_it_is_read_before() -> None:
    """A thousand of the largest would be a gigabyte, and everybody would wait for it."""
    amina = keeper(mib=64)
    for number in range(30):
        assert amina.take_in(bundle(number, LARGEST), FLOODER)
    amina.custody = replace(amina.custody, others_bytes=MIB)
    assert not amina.take_in(bundle("one more", LARGE), FRIEND)  # until there is room again
    portions = []
    while changes := amina.custody.crowded(now_s=0):
        portions.append(len(changes) * MIB)
        amina.shelf.apply(changes)
    assert portions[:-1] == [GOING_BYTES_MAX] * 3
    assert used_bytes(amina, FLOODER) <= MIB
    assert amina.take_in(bundle("one more", LARGE), FRIEND)


def test_m3_own_letters_beyond_the_space_leave_others_nothing_and_stay() -> None:
    """It was larger when they were written."""
    amina = keeper(mib=8)
    for number in range(4):
        amina.write(bundle(("own", number), LARGEST))
    amina.take_in(bundle("friend's", LARGE), FRIEND)
    amina.custody = replace(amina.custody, space_bytes=2 * MIB, others_bytes=MIB)
    amina.shelf.apply(amina.custody.crowded(now_s=0))
    assert amina.custody.crowded(now_s=0) == []
    assert used_bytes(amina, Source.OWN) == 4 * MIB
    assert used_bytes(amina, FRIEND) == 0
    assert not amina.take_in(bundle("another", SMALL), FRIEND)


def test_own_letters_may_have_more_where_nobody_else_needs_it() -> None:
    amina = keeper(mib=4)
    for number in range(3):
        amina.write(bundle(("own", number), LARGEST))
    assert amina.take_in(bundle("carried", LARGEST), FRIEND)
    assert amina.take_in(bundle("carried too", LARGEST), FRIEND)
    assert used_bytes(amina, FRIEND) == MIB


def test_the_number_of_own_letters_has_its_half_as_well() -> None:
    amina = keeper(bundles_max=4)
    for number in range(4):
        amina.take_in(bundle(number), FRIEND)
    for number in range(2):
        amina.write(bundle(("own", number)))
    one_more = bundle(("own", 2))
    assert amina.custody.write(bundle_id(one_more), decode_header(one_more), now_s=0) is None
    assert amina.shelf.shares()[FRIEND].bundles == 2


def test_what_is_larger_than_all_room_is_not_taken() -> None:
    amina = keeper(mib=1)
    assert not amina.take_in(bundle("large", LARGEST), FRIEND)
    assert amina.take_in(bundle("small"), FRIEND)
    assert amina.ids


def test_room_is_not_made_by_what_is_unfinished() -> None:
    amina = keeper(mib=2)
    id = BundleId(drawn("unfinished", 32))
    amina.shelf.append(FLOODER, id, 0, bytes(15 << 16))
    assert not amina.take_in(bundle("large", LARGE), FRIEND)
    amina.shelf.unfinished[FLOODER][id] = bytes(11 << 16)
    assert amina.take_in(bundle("large", LARGE), FRIEND)
    assert amina.take_in(bundle("larger", LARGE), FRIEND)  # who has most has nothing whole: then the next
    assert amina.ids == {bundle_id(bundle("larger", LARGE))}


def test_what_has_expired_goes_and_leaves_nothing() -> None:
    amina = keeper()
    amina.take_in(bundle("soon", hours=1), FRIEND)
    amina.take_in(bundle("gone soon", hours=1), FRIEND)
    amina.hear(receipt("gone soon"))
    amina.take_in(bundle("later", hours=200), FRIEND)
    amina.write(bundle("own", hours=1))
    assert not amina.custody.settle(None)  # an implausible clock expires nothing
    assert not amina.custody.settle(CLOCK_S + 3600)
    amina.shelf.apply(amina.custody.settle(CLOCK_S + 2 * 3600))
    assert amina.ids == {bundle_id(bundle("later", hours=200))}
    assert not amina.shelf.gone
    assert not amina.custody.settle(CLOCK_S + 2 * 3600)


def test_c2_a_receipt_deletes_and_forbids() -> None:
    amina = keeper()
    real, twin = bundle("letter"), bundle("letter", hours=90)
    assert amina.take_in(real, FRIEND)
    assert amina.take_in(twin, FLOODER)
    amina.hear(receipt("letter"))
    assert not amina.ids
    assert not amina.take_in(real, OTHER)
    assert not amina.take_in(bundle("letter", hours=80), OTHER)  # nor a twin that was never here
    kept = {past.expiry_hour for past in amina.shelf.gone.values()}
    assert kept == {HOUR + 100, HOUR + 90}  # with the expiry of the bundles, not of the receipt


def test_a_receipt_acts_on_what_was_here_once() -> None:
    """It made room, and its receipt came later: that is passed on to who still has it."""
    amina = keeper(mib=1)
    for number in range(4):
        amina.take_in(bundle(number, LARGE), FRIEND)
    [past, *_] = amina.shelf.gone.values()
    assert past.id == bundle_id(bundle(0, LARGE))
    amina.hear(receipt(0))
    assert amina.shelf.gone[past.id].preimage == receipt(0).preimage
    assert not amina.custody.receipt_of(decode_header(bundle(1, LARGE)).commitment)
    told = amina.custody.receipt_of(decode_header(bundle(0, LARGE)).commitment)
    assert told == replace(receipt(0), expiry_hour=HOUR + 100)


def test_m3_of_thousands_of_forged_receipts_none_is_kept() -> None:
    amina = keeper()
    amina.take_in(bundle("letter"), FRIEND)

    forged = random.Random(8)
    for _ in range(2_000):
        heard = amina.custody.hear(Receipt(preimage=forged.randbytes(20), expiry_hour=HOUR))
        assert heard.changes == ()
        assert heard.delivered is None
    assert amina.ids == {bundle_id(bundle("letter"))}
    assert not amina.shelf.gone


def test_m3_who_makes_many_bundles_and_their_receipts_loses_its_own_first() -> None:
    amina = keeper(past_max=10)
    amina.take_in(bundle("friend's"), FRIEND)
    amina.hear(receipt("friend's"))
    for number in range(30):
        amina.take_in(bundle(number), FLOODER)
        amina.hear(receipt(number))
        amina.shelf.apply(amina.custody.settle(CLOCK_S))
    assert len(amina.shelf.gone) == 10
    assert bundle_id(bundle("friend's")) in amina.shelf.gone
    assert bundle_id(bundle(29)) in amina.shelf.gone
    assert bundle_id(bundle(0)) not in amina.shelf.gone
    assert not amina.custody.settle(CLOCK_S)


def test_own_ones_wait_for_their_own_moment() -> None:
    """Receipt 3.3: it is told, and acts when it is released."""
    amina = keeper()
    id = amina.write(bundle("own"))
    assert amina.custody.hear(receipt("own")).delivered == amina.shelf.rows[id]
    assert amina.custody.hear(receipt("own")).changes == ()
    header = decode_header(bundle("own"))
    changes = amina.custody.release(id, header, receipt("own").preimage)
    assert not [change for change in changes if isinstance(change, Remember)]
    amina.shelf.apply(changes)
    assert not amina.ids
    assert not amina.custody.hear(receipt("own")).delivered
    again = amina.custody.release(id, header, receipt("own").preimage)
    assert not [change for change in again if isinstance(change, Remember)]


def test_a_clock_that_goes_back_makes_nothing_weightless() -> None:
    amina = keeper(mib=2)
    amina.now_s = 1e9
    large, small = bundle("large", LARGE), bundle("small")
    amina.take_in(small, FRIEND)
    amina.take_in(large, FRIEND)
    amina.now_s = 10
    for number in range(3):
        assert amina.take_in(bundle(number, LARGE), FRIEND)
    assert bundle_id(large) not in amina.ids
    assert bundle_id(small) in amina.ids


def test_forgetting_is_bounded_for_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satchel.core.custody.policy.CHANGES_MAX", 3)
    amina = keeper(past_max=1)
    for number in range(8):
        amina.take_in(bundle(number, hours=1 if number < 4 else 50), FRIEND)
        amina.hear(receipt(number))
    for left in (5, 4, 1):
        changes = amina.custody.settle(CLOCK_S + 2 * 3600)
        assert all(isinstance(change, Forget) for change in changes)
        amina.shelf.apply(changes)
        assert len(amina.shelf.gone) == left
    assert not amina.custody.settle(CLOCK_S + 2 * 3600)


# --- own ones are shown later --------------------------------------------------------------------------

EARLY, LATE = bytes(8), b"\xff" * 8
ONE, TWO, THREE = (BundleId(drawn(name, 32)) for name in ("one", "two", "three"))


def test_c1_an_own_one_joins_when_its_time_is_over() -> None:
    held = HeldBack()
    held.hold(ONE, chance=LATE, now_s=100)
    assert held.due(3_699) == []
    assert held.due(3_701) == [ONE]
    assert held.due(9_999) == []
    held.hold(TWO, chance=EARLY, now_s=100)
    assert held.due(100) == [TWO]


def test_c1_from_half_of_its_time_on_it_joins_with_what_others_brought() -> None:
    held = HeldBack()
    for id in sorted([ONE, TWO, THREE], reverse=True):
        held.hold(id, chance=LATE, now_s=0)
    held.drop(TWO)
    held.drop(TWO)
    assert held.due(1_799, batch=True) == []
    assert held.due(1_801) == []
    assert held.due(1_801, batch=True) == sorted([ONE, THREE])

"""How much a contact may say, and how much is said to it: what is left out is found later (M3)."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from core.custody.custody_kit import (
    CLOCK_S,
    LARGE,
    Meeting,
    Person,
    bundle,
    drawn,
    meeting,
    receipt,
)
from core.custody.liar_kit import (
    LIAR,
    OUR_ID,
    OURS,
    forged,
    many,
    offered,
    refusal,
    side,
    want,
)
from satchel.core.bundles.header import BundleId, bundle_id, decode_bundle
from satchel.core.custody import limits
from satchel.core.custody.codec import LIST_MAX
from satchel.core.custody.effects import Receipted, Say
from satchel.core.custody.kept import Kept
from satchel.core.custody.messages import (
    Answer,
    Ask,
    Await,
    Begin,
    Block,
    Gone,
    Message,
    Offer,
    Offered,
    Receipts,
    Skip,
    Want,
)
from satchel.errors import PeerError


def test_comparing_without_end_is_stopped() -> None:
    amina = side()
    for now_s in (0.0, 30.0, 60.0):
        amina.exchange.hear(Ask(message=b"a", anew=True), now_s=now_s, clock_s=CLOCK_S)
        amina.exchange.answer(b"a")
    with refusal("9.3"):
        amina.exchange.hear(Ask(message=b"a", anew=True), now_s=89.9, clock_s=CLOCK_S)


def test_m3_offers_of_what_does_not_exist_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for no more than so many at a time, and then not even looked up."""
    monkeypatch.setattr("satchel.core.custody.taking.WANTED_MAX", 100)
    amina = side(we_dialled=True)
    wanted = 0
    for since in range(0, 400, 40):
        amina.hear(Offer(bundles=tuple(many(40, since=since)), direct=False))
        wanted += sum(len(m.bundles) for m in amina.says if isinstance(m, Want))
        amina.says.clear()
    assert wanted == 100
    amina.do(amina.exchange.need([BundleId(bytes(32))]))
    assert not amina.says
    amina.hear(Answer(message=b"\x61"))
    assert amina.exchange.wake_at_s == amina.person.now_s + limits.AGAIN_S  # what was left out is found later
    assert amina.exchange.wake(amina.person.now_s) == []
    amina.hear(Gone(numbers=tuple(range(50))))
    amina.do(amina.exchange.wake(amina.person.now_s + 61))
    assert [m.anew for m in amina.says if isinstance(m, Ask)] == [True]
    assert amina.exchange.wake_at_s is None  # it is being compared
    amina.person.now_s += 61
    amina.hear(Answer(message=b"\x61"))
    assert amina.exchange.wake_at_s == amina.person.now_s + limits.AGAIN_CALM_S


@pytest.mark.parametrize("counts", [(100, 1), (101,)])
def test_whatever_was_left_out_is_compared_again_soon(
    counts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satchel.core.custody.taking.WANTED_MAX", 100)
    amina = side(we_dialled=True)
    amina.hear(Answer(message=b"\x61"))
    assert amina.exchange.wake_at_s == amina.person.now_s + limits.AGAIN_CALM_S
    for n, count in enumerate(counts):
        amina.hear(Offer(bundles=tuple(many(count, since=1000 * n)), direct=False))
    assert amina.exchange.wake_at_s == amina.person.now_s + limits.AGAIN_S


def test_m3_wanting_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given and not confirmed counts as well."""
    monkeypatch.setattr("satchel.core.custody.giving.WANTED_MAX", 3)
    amina = side()
    amina.hear(want(OUR_ID, OUR_ID))
    while amina.say_next():
        pass
    amina.hear(want(OUR_ID))
    with refusal("9.2"):
        amina.hear(want(OUR_ID))


def test_m3_what_was_skipped_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nothing leaves, since the contact reads nothing."""
    monkeypatch.setattr("satchel.core.custody.giving.WANTED_MAX", 40)
    amina = side()
    amina.hear(want(OUR_ID))
    for first in range(1, 400, 20):
        amina.hear(want(*[OUR_ID] * 20))
        amina.hear(Skip(numbers=tuple(range(first, first + 20))))
    assert len(amina.exchange._giving._queue) <= 41 + 20
    assert amina.say_next()  # what is still wanted comes


SAID_IN_VAIN: dict[str, Callable[[int], Message]] = {
    "receipts of nothing": lambda n: forged(LIST_MAX, random.Random(n)),
    "wants what there is not": lambda n: want(*(one.id for one in many(LIST_MAX))),
    "offers what we have": lambda n: Offer(bundles=(offered(OURS),) * LIST_MAX, direct=False),
}


@pytest.mark.parametrize("say", SAID_IN_VAIN.values(), ids=SAID_IN_VAIN.keys())
def test_m3_words_in_vain_have_an_end_and_time_forgives(
    say: Callable[[int], Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of a million forged receipts is accepted, and the first 65,536 cost one look-up each."""
    monkeypatch.setattr(limits, "VAIN_MAX", 4 * LIST_MAX)
    amina = side()
    for n in range(4):
        amina.hear(say(n))
    amina.person.now_s += LIST_MAX / limits.VAIN_PER_S + 1
    amina.hear(say(4))
    with refusal("9.1"):
        amina.hear(say(5))
    assert amina.person.ids == {OUR_ID}
    assert not amina.person.shelf.gone


def test_receipts_of_nothing_do_nothing() -> None:
    amina = side()
    effects = amina.exchange.hear(forged(9, random.Random(1)), now_s=amina.person.now_s, clock_s=CLOCK_S)
    assert not [effect for effect in effects if isinstance(effect, Receipted)]


def test_m3_asking_for_receipts_of_nothing_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a look-up; what is known is told once."""
    monkeypatch.setattr(limits, "VAIN_MAX", 100)
    monkeypatch.setattr(limits, "VAIN_PER_S", 0)
    amina = side()
    amina.person.hear(receipt("ours"))
    known = decode_bundle(OURS).commitment
    for n in range(9):
        amina.hear(
            Await(commitments=(drawn(("mark", n), 20), known, known, *(bytes([n]) * 20 for n in range(7))))
        )
    assert list(amina.says) == [Receipts(receipts=(receipt("ours"),))] * 9
    amina.hear(Await(commitments=(bytes(20),) * 10))
    with refusal("9.1"):
        amina.hear(Await(commitments=(bytes(20),)))


def test_m3_who_asks_for_receipts_stays_within_half_of_what_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "VAIN_MAX", 100)
    amina = side(begun=False)
    said = amina.exchange.begin(
        highest=0, next=1, awaited=[bytes([n]) * 20 for n in range(90)], now_s=amina.person.now_s
    )
    assert [one.message for one in said if isinstance(one, Say)] == [
        Begin(highest=0, next=1),
        Await(commitments=tuple(bytes([n]) * 20 for n in range(50))),
    ]


def test_m3_more_is_not_offered_than_can_be_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satchel.core.custody.exchange.WANTED_MAX", 5)
    amina, bo = Person("amina"), Person("bo")
    for number in range(12):
        assert amina.take_in(bundle(number), LIAR)
    met = meeting(amina, bo).run()
    assert len(bo.ids) == 5
    for round in (1, 2):
        amina.now_s = bo.now_s = 1_000 + round * limits.AGAIN_S
        assert met.one.exchange.wake_at_s == amina.now_s
        met.one.do(met.one.exchange.wake(amina.now_s))
        met.run()
    assert bo.ids == amina.ids
    assert met.one.exchange.wake_at_s == amina.now_s + limits.AGAIN_CALM_S
    assert met.other.exchange.wake_at_s is None
    assert not [m for m in met.one.says if isinstance(m, Say)]


def test_m3_who_keeps_the_rules_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is offered that the other has, or refuses: it is left out, and found later."""
    for name, value in {"VAIN_MAX": 40, "VAIN_PER_S": 0.5}.items():
        monkeypatch.setattr(limits, name, value)
    amina, bo = Person("amina"), Person("bo")
    for number in range(60):
        assert amina.take_in(bundle(number), LIAR)
        assert bo.take_in(bundle(number), LIAR)
    met = meeting(amina, bo).run()
    for _ in range(5):
        met.one.do(met.one.exchange.offer(amina.ids, amina.now_s))
        met.one.do(met.one.exchange.pass_on([receipt("nothing")] * 9, amina.now_s))
        met.run()
    assert bo.take_in(bundle("late"), LIAR)
    met.other.do(met.other.exchange.offer([bundle_id(bundle("late"))], bo.now_s))
    met.run()
    assert amina.take_in(bundle("later"), LIAR)
    assert not met.one.exchange.offer([bundle_id(bundle("later"))], amina.now_s)
    amina.now_s = bo.now_s = 1_000 + limits.AGAIN_S
    met.one.do(met.one.exchange.wake(amina.now_s))
    met.run()
    assert bo.ids == amina.ids
    assert len(bo.ids) == 62


def compare_again(met: Meeting, rounds: int) -> None:
    one, other = met.one.person, met.other.person
    for _ in range(rounds):
        one.now_s = other.now_s = one.now_s + limits.AGAIN_CALM_S
        met.one.do(met.one.exchange.wake(one.now_s))
        met.run()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five offers in a comparison; sixteen that were refused are known."""
    monkeypatch.setattr("satchel.core.custody.exchange.WANTED_MAX", 5)
    monkeypatch.setattr("satchel.core.custody.exchange.OFFERED_MAX", 16)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("newest_are_refused", [True, False])
def test_what_was_refused_is_not_offered_again_before_all_else_was(newest_are_refused: bool) -> None:
    """Else those behind it would never have their turn."""
    amina, bo = Person("amina"), Person("bo")
    many = [bundle(number, hours=1 + number) for number in range(20)]
    if newest_are_refused:
        many.reverse()
    for number, one in enumerate(many):
        assert amina.take_in(one, LIAR)
        if number < 10:
            assert bo.take_in(one, LIAR)
            bo.shelf.apply(bo.custody.handed_over(replace_copies(bo, one), 1))
    assert not bo.ids
    met = meeting(amina, bo).run()
    compare_again(met, 3)
    assert bo.ids == {bundle_id(one) for one in many[10:]}


@pytest.mark.usefixtures("few")
def test_what_was_refused_is_offered_again_after_all_else() -> None:
    amina, bo = Person("amina"), Person("bo")
    many = [bundle(number) for number in range(18)]
    for one in many:
        assert amina.take_in(one, LIAR)
        assert bo.take_in(one, LIAR)
        bo.shelf.apply(bo.custody.handed_over(replace_copies(bo, one), 1))
    met = meeting(amina, bo).run()
    compare_again(met, 3)
    bo.shelf.gone.clear()  # it has forgotten them, for want of room
    compare_again(met, 5)
    assert len(bo.ids) == 15  # all but those that were offered last before it forgot


def test_what_is_wanted_is_not_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has much that the other lacks gives it without a pause."""
    monkeypatch.setattr(limits, "VAIN_MAX", 40)
    amina, bo = Person("amina"), Person("bo")
    met = meeting(amina, bo).run()
    for number in range(60):
        one = bundle(number)
        assert amina.take_in(one, LIAR)
        met.one.do(met.one.exchange.offer([bundle_id(one)], amina.now_s))
        met.run()
    assert bo.ids == amina.ids


def replace_copies(person: Person, one: bytes) -> Kept:
    """As if it were large, and there only once."""
    kept = person.shelf.rows[bundle_id(one)]
    return replace(kept, header=replace(kept.header, size_class=LARGE, copies=1))


@pytest.mark.parametrize(
    ("bundles", "wanted_before"),
    [(many(LIST_MAX), 0), (many(1) * LIST_MAX, 0), (many(LIST_MAX), LIST_MAX - 1)],
    ids=["each", "one many times", "with room for one"],
)
def test_m3_what_is_offered_and_taken_back_for_ever_has_an_end(
    bundles: list[Offered], wanted_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up each time, and its contact would pay nothing for it."""
    for place in ("taking", "giving", "exchange"):
        monkeypatch.setattr(f"satchel.core.custody.{place}.WANTED_MAX", LIST_MAX)
    monkeypatch.setattr(limits, "VAIN_MAX", 4 * LIST_MAX)
    amina = side(bundles=())
    if wanted_before:
        amina.hear(Offer(bundles=tuple(many(wanted_before, since=LIST_MAX)), direct=False))
    looked_up: list[BundleId] = []
    monkeypatch.setattr(amina.person.shelf, "past", looked_up.append)
    number = wanted_before
    with suppress(PeerError):
        for _ in range(12):
            amina.says.clear()
            amina.hear(Offer(bundles=tuple(bundles), direct=False))
            wanted = sum(len(m.bundles) for m in amina.says if isinstance(m, Want))
            amina.hear(Gone(numbers=tuple(range(number, number + wanted))))
            number += wanted
    assert wanted_before < number
    assert len(set(looked_up)) == len(set(bundles)) or wanted_before
    assert len(looked_up) <= 2 * (limits.VAIN_MAX + LIST_MAX)  # what is new is looked up twice


def test_m3_what_is_named_in_comparisons_and_taken_back_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """One comparison may name two million bundles that do not exist."""
    monkeypatch.setattr(limits, "VAIN_MAX", 4 * LIST_MAX)
    amina = side(we_dialled=True)
    for first in range(0, 4 * LIST_MAX, LIST_MAX):
        amina.do(amina.exchange.need([one.id for one in many(LIST_MAX, since=first)]))
        amina.hear(Gone(numbers=tuple(range(first, first + LIST_MAX))))
    amina.do(amina.exchange.need([many(1, since=4 * LIST_MAX)[0].id]))
    with refusal("9.1"):
        amina.hear(Gone(numbers=(4 * LIST_MAX,)))


def test_m3_who_takes_back_what_is_gone_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bundles make room for others between two words, for ever."""
    monkeypatch.setattr(limits, "VAIN_MAX", 40)
    amina, bo = Person("amina"), Person("bo")
    met = meeting(amina, bo).run()
    for number in range(120):
        one = bundle(number)
        assert amina.take_in(one, LIAR)
        met.one.do(met.one.exchange.offer([bundle_id(one)], amina.now_s))
        amina.shelf.apply(amina.custody.hear(receipt(number)).changes)
        met.run()
    assert not bo.ids
    amina.now_s = bo.now_s = amina.now_s + limits.AGAIN_S
    late = bundle("late")
    assert amina.take_in(late, LIAR)
    met.one.do(met.one.exchange.offer([bundle_id(late)], amina.now_s))
    met.run()
    assert bo.ids == {bundle_id(late)}


def test_m3_wanting_and_skipping_for_ever_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is looked up, and nothing of it leaves."""
    monkeypatch.setattr(limits, "VAIN_MAX", 4 * LIST_MAX)
    amina = side()
    for first in range(0, 4 * LIST_MAX, LIST_MAX):
        amina.hear(want(*[OUR_ID] * LIST_MAX))
        amina.hear(Skip(numbers=tuple(range(first, first + LIST_MAX))))
    amina.hear(want(OUR_ID))
    with refusal("9.1"):
        amina.hear(Skip(numbers=(4 * LIST_MAX,)))


def test_m3_who_skips_what_others_have_brought_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that is too much at once some of it comes once more."""
    monkeypatch.setattr(limits, "VAIN_MAX", 40)
    amina, bo = Person("amina"), Person("bo")
    met = meeting(amina, bo).run()
    for number in range(60):
        one = bundle(number)
        assert amina.take_in(one, LIAR)
        met.one.do(met.one.exchange.offer([bundle_id(one)], amina.now_s))
        while not any(isinstance(message, Want) for message in met.other.says):
            met.run(pause_after=met.messages + 1)
        assert bo.take_in(one, LIAR)
        met.other.do(met.other.exchange.skip([bundle_id(one)], bo.now_s))
        while (said := met.other.say_next()) is not None:
            met.one.hear(said)
        met.run()
    assert bo.ids == amina.ids
    gave = [message for message in met.one.said if isinstance(message, Block)]
    skipped = [n for message in met.other.said if isinstance(message, Skip) for n in message.numbers]
    assert 40 <= len(gave) < 60
    assert len(skipped) == len(set(skipped)) == 60


def test_of_very_many_that_are_gone_at_once_is_told_in_words_that_are_not_too_long() -> None:
    """Their receipts come while they are wanted."""
    bundles = [bundle(number) for number in range(LIST_MAX + 1)]
    amina = side(bundles=tuple(bundles))
    for some in (bundles[:-1], bundles[-1:]):
        amina.hear(want(*map(bundle_id, some)))
    amina.person.shelf.rows.clear()
    said = [message for message in iter(amina.say_next, None) if isinstance(message, Gone)]
    assert [len(one.numbers) for one in said] == [LIST_MAX, 1]

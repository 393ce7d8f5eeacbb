"""Bundles in custody, as core/custody looks at them and orders them; and that nothing says whose they are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.core.bundles.header import (
    SIZES_BYTES,
    decode_bundle,
    decode_header,
    encode_header,
    with_copies,
)
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.kept import (
    Change,
    Forget,
    Keep,
    Kept,
    Known,
    Past,
    Receipted,
    Recount,
    Remember,
    Remove,
    Share,
    Show,
    Source,
)
from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports.bundles import Bundles
from satchel.store import bundles as module
from store.contact_samples import AMINA, BILAL
from store.letter_samples import (
    HOUR,
    NOW,
    ONE,
    STICK,
    Desk,
    carried,
    desk,
    desk_in_memory,
    id_of,
    keep,
    letter,
    put,
)
from store.test_erasing import pages


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk_in_memory(tmp_path) as opened:
        yield opened


def works_as_a_port(bundles: Bundles) -> None:
    """mypy: it does."""


def past_of(bundle: bytes, ingress: ContactId | Source = AMINA, preimage: bytes | None = None) -> Past:
    header = decode_bundle(bundle)
    return Past(
        id=id_of(bundle),
        commitment=header.commitment,
        expiry_hour=header.expiry_hour,
        ingress=ingress,
        preimage=preimage,
    )


@pytest.mark.parametrize("size_bytes", SIZES_BYTES)
def test_a_bundle_comes_back_as_it_was(tmp_path: Path, size_bytes: int) -> None:
    bundle, _ = carried(size_bytes, size_bytes)
    with desk(tmp_path / "profile") as one:
        works_as_a_port(one.bundles)
        put(one, bundle)
        assert one.bundles.kept(id_of(bundle)) == keep(bundle).kept
    with desk(tmp_path / "profile") as again:
        bundles = again.bundles
        assert bundles.read(id_of(bundle)) == bundle
        assert bundles.kept(id_of(bundle)) == keep(bundle).kept
        assert list(bundles.rows()) == [(HOUR, id_of(bundle))]
        assert bundles.shares() == {AMINA: Share(size_bytes=size_bytes, bundles=1)}
    assert bundle[60:90] not in (tmp_path / "profile" / "more").read_bytes()


def test_it_is_found_by_whatever_one_may_know(one: Desk) -> None:
    (first, preimage), (second, _), (third, _) = carried(1), carried(2), carried(3)
    put(one, first)
    put(one, second, ingress=STICK)
    header = decode_bundle(first)
    twin = encode_header(replace(header, expiry_hour=HOUR + 1)) + first[41:]
    put(one, twin, ingress=BILAL)
    bundles = one.bundles
    assert {kept.id for kept in bundles.with_tag(header.tag)} == {id_of(first), id_of(twin)}
    assert not list(bundles.with_tag(decode_bundle(third).tag))
    assert bundles.known(header.commitment) == Known(own=None, receipt=None)
    assert bundles.known(decode_bundle(third).commitment) is None
    assert list(bundles.tags()) == sorted({header.tag, decode_bundle(second).tag})
    bundles.apply([Receipted(commitment=header.commitment, preimage=preimage)])
    known = bundles.known(header.commitment)
    assert known is not None
    assert known.receipt is not None
    assert known.receipt.preimage == preimage
    assert not [id for id in (id_of(first), id_of(twin)) if bundles.kept(id) or bundles.read(id)]
    assert bundles.past(id_of(twin)) == past_of(twin, BILAL, preimage)
    assert set(bundles.receipts()) == {
        Receipt(preimage=preimage, expiry_hour=hour) for hour in (HOUR, HOUR + 1)
    }
    assert bundles.shares() == {
        AMINA: Share(past=1),
        BILAL: Share(past=1),
        STICK: Share(size_bytes=2048, bundles=1),
    }


def test_a_receipt_that_comes_late_acts_on_what_made_room(one: Desk) -> None:
    bundle, preimage = carried(1)
    put(one, bundle)
    one.bundles.apply([Remove(id=id_of(bundle), past=past_of(bundle))])
    mark = decode_bundle(bundle).commitment
    assert one.bundles.known(mark) == Known(own=None, receipt=None)
    assert list(one.bundles.receipts()) == []
    one.bundles.apply([Receipted(commitment=mark, preimage=preimage)])
    assert one.bundles.past(id_of(bundle)) == past_of(bundle, AMINA, preimage)
    one.bundles.apply([Forget(id=id_of(bundle))])
    assert one.bundles.known(mark) is None
    assert one.bundles.past(id_of(bundle)) is None
    assert one.bundles.shares() == {}


def test_copies_are_counted_and_shown(one: Desk) -> None:
    bundle, _ = carried(1, 256 << 10)
    put(one, bundle)
    one.bundles.apply([Recount(id=id_of(bundle), copies=3), Show(id=id_of(bundle), offered=False)])
    kept = one.bundles.kept(id_of(bundle))
    assert kept is not None
    assert (kept.header.copies, kept.offered) == (3, False)
    assert one.bundles.read(id_of(bundle)) == with_copies(bundle, 3)
    assert list(one.bundles.rows()) == []
    one.bundles.apply([Show(id=id_of(bundle), offered=True)])
    assert list(one.bundles.rows()) == [(HOUR, id_of(bundle))]


def test_all_of_an_order_is_done_or_nothing(one: Desk) -> None:
    first, second = carried(1)[0], carried(2)[0]
    put(one, first)
    wrong = Keep(kept=replace(keep(second).kept, header=replace(decode_bundle(second), size_class=1)))
    with pytest.raises(MisuseError):
        one.bundles.apply([Remove(id=id_of(first), past=None), wrong], {id_of(second): second})
    assert one.bundles.read(id_of(first)) == first
    assert one.bundles.shares() == {AMINA: Share(size_bytes=2048, bundles=1)}


def test_rows_are_in_order_and_may_change_meanwhile(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of core/reconcile are built fastest so; own ones stand among them once they are shown."""
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 3)
    many = [carried(number, hour=HOUR + number * 7 % 5)[0] for number in range(20)]
    put(one, *many)
    (own,) = one.send(AMINA, ONE, letter(), hour=HOUR + 2)
    one.send(BILAL, ONE, letter(), hour=0)
    expected = sorted((decode_bundle(bundle).expiry_hour, id_of(bundle)) for bundle in [*many, own])
    assert list(one.bundles.rows()) == [row for row in expected if row[1] != id_of(own)]
    one.bundles.apply([Show(id=id_of(own), offered=True)])
    assert list(one.bundles.rows()) == expected
    rows = one.bundles.rows()
    seen = [next(rows)]
    one.bundles.apply([Remove(id=id, past=None) for _, id in expected[::2] if id != id_of(own)])
    left = set(one.bundles.rows())
    assert left <= {*seen, *rows}
    assert len(left) == 10 + (expected.index((HOUR + 2, id_of(own))) % 2 == 0)


def test_the_oldest_of_a_size_goes_first_whatever_the_clock_said(one: Desk) -> None:
    for number, arrived_s in enumerate((NOW.time_s, 5, NOW.time_s + 9)):
        bundle, _ = carried(number)
        one.bundles.apply([keep(bundle, arrived_s=arrived_s)], {id_of(bundle): bundle})
    large, other = carried(7, 4096)[0], carried(8)[0]
    put(one, large)
    put(one, other, ingress=BILAL)
    ids = [id_of(carried(number)[0]) for number in range(3)]
    assert [kept.id for kept in one.bundles.oldest(AMINA, 0)] == ids
    assert [kept.arrived_s for kept in one.bundles.oldest(AMINA, 0)] == [NOW.time_s, 5, NOW.time_s + 9]
    assert [kept.id for kept in one.bundles.oldest(AMINA, 1)] == [id_of(large)]
    assert [kept.id for kept in one.bundles.oldest(BILAL, 0)] == [id_of(other)]
    assert list(one.bundles.oldest(STICK, 0)) == []
    one.bundles.apply([Remove(id=ids[0], past=past_of(carried(0)[0]))])
    one.bundles.apply([Remember(past=past_of(carried(5)[0], AMINA))])
    assert [past.id for past in one.bundles.oldest_past(AMINA)] == [ids[0], id_of(carried(5)[0])]


def test_c1_of_large_ones_what_was_handed_on_goes_first(one: Desk) -> None:
    """custody 2.4: else, where stores overflow, hardly anybody but its writer has all copies of a bundle."""
    large = [carried(number, 256 << 10)[0] for number in range(3)]  # of 25 copies each
    put(one, *large)
    first, second, third = map(id_of, large)
    assert [kept.id for kept in one.bundles.oldest(AMINA, 4)] == [first, second, third]
    one.bundles.apply([Recount(id=second, copies=23)])
    one.bundles.apply([Recount(id=third, copies=24)])
    assert [kept.id for kept in one.bundles.oldest(AMINA, 4)] == [second, first, third]


def test_what_is_over_is_found_by_its_hour(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2)
    put(one, *(carried(number, hour=HOUR + number)[0] for number in range(6)))
    one.bundles.apply([Remember(past=past_of(carried(20 + n, hour=HOUR + n)[0])) for n in range(6)])
    (own,) = one.send(AMINA, ONE, letter(), hour=HOUR + 1)
    one.send(BILAL, ONE, letter(), hour=0)  # for sessions only: it has no end
    over = list(one.bundles.expired(HOUR + 3))
    assert {each.id for each in over} == {
        *(id_of(carried(number, hour=HOUR + number)[0]) for number in range(3)),
        *(id_of(carried(20 + number, hour=HOUR + number)[0]) for number in range(3)),
        id_of(own),
    }
    assert len(over) == 7


# --- own ones ---------------------------------------------------------------------------------------


def test_own_bundles_are_looked_at_like_all_others(one: Desk) -> None:
    """But for whom they are: to that contact they go at once."""
    (own,) = one.send(AMINA, ONE, letter("a letter " * 400))
    header = decode_bundle(own)
    kept = Kept(id=id_of(own), header=header, ingress=Source.OWN, arrived_s=NOW.time_s, offered=False)
    assert one.bundles.kept(id_of(own)) == kept
    assert one.bundles.to(AMINA) == [kept]
    assert one.bundles.to(BILAL) == []
    assert one.bundles.read(id_of(own)) == own
    assert one.bundles.known(header.commitment) == Known(own=kept, receipt=None)
    assert one.bundles.shares() == {Source.OWN: Share(size_bytes=len(own), bundles=1)}
    assert list(one.bundles.oldest(Source.OWN, header.size_class)) == [kept]
    assert list(one.bundles.rows()) == []
    one.bundles.apply([Keep(kept=kept), Show(id=kept.id, offered=True), Recount(id=kept.id, copies=7)])
    shown = one.bundles.kept(kept.id)
    assert shown == replace(kept, offered=True, header=replace(header, copies=7))
    assert list(one.bundles.rows()) == [(HOUR, kept.id)]


def test_t2_an_own_bundle_that_went_is_still_known_to_its_letter(one: Desk) -> None:
    """Its bytes are gone; what is remembered of it is not told from what a stick brought."""
    (own,) = one.send(AMINA, ONE, letter("a letter " * 400))
    one.bundles.apply([Remove(id=id_of(own), past=past_of(own, Source.OWN))])
    assert one.bundles.kept(id_of(own)) is None
    assert one.bundles.read(id_of(own)) is None
    assert one.bundles.past(id_of(own)) == past_of(own, STICK)
    with one.custody.reading() as connection:
        assert connection.execute("SELECT ingress FROM past").fetchall() == [(0,)]
    assert one.bundles.to(AMINA) == []
    assert list((one.home / "blobs").glob("*")) == []
    assert [each.state.name for each in one.letters.conversation(AMINA)] == ["UNDER_WAY"]


def test_t2_c1_nothing_in_custody_says_whose_a_bundle_is(one: Desk) -> None:
    """Not the file of what is carried, by whoever has all keys: neither what was written here, nor what was
    for this person, nor which contact brought what."""
    (own,) = one.send(AMINA, ONE, letter())
    received, _ = carried(1)
    put(one, received)
    image = pages(one.custody)
    header = decode_bundle(own)
    for secret in (b"" + id_of(own), header.tag, header.commitment, own[60:200], bytes(AMINA), b"Amina"):
        assert secret not in image
    assert image.count(id_of(received)) > 0


# --- any order ----------------------------------------------------------------------------------------

_NUMBERS = st.integers(0, 7)
_WHO = st.sampled_from([AMINA, BILAL, STICK])
_STEPS = st.lists(st.tuples(st.sampled_from(["keep", "drop", "end", "forget"]), _NUMBERS, _WHO), max_size=40)
SOME = {number: carried(number, SIZES_BYTES[number % 2]) for number in range(8)}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_totals_are_what_a_scan_counts(one: Desk, steps: list[tuple[str, int, ContactId | Source]]) -> None:
    one.bundles.apply([Forget(id=id_of(b)) for b, _ in SOME.values()])
    one.bundles.apply([Remove(id=id_of(b), past=None) for b, _ in SOME.values()])
    here: dict[int, ContactId | Source] = {}
    past: dict[int, ContactId | Source] = {}
    for what, number, who in steps:
        bundle, preimage = SOME[number]
        changes: list[Change] = []
        match what:
            case "keep" if number not in past:
                changes = [keep(bundle, who)]
                here.setdefault(number, who)
            case "drop" if number in here:
                past[number] = here.pop(number)
                changes = [Remove(id=id_of(bundle), past=past_of(bundle, past[number]))]
            case "end":
                changes = [Receipted(commitment=commitment(preimage), preimage=preimage)]
                if number in here:
                    past[number] = here.pop(number)
            case "forget":
                changes = [Forget(id=id_of(bundle))]
                past.pop(number, None)
        one.bundles.apply(changes, {id_of(bundle): bundle})
    expected = {
        who: Share(
            size_bytes=sum(len(SOME[n][0]) for n, whose in here.items() if whose == who),
            bundles=[*here.values()].count(who),
            past=[*past.values()].count(who),
        )
        for who in {*here.values(), *past.values()}
    }
    assert one.bundles.shares() == expected
    assert {id for _, id in one.bundles.rows()} == {id_of(SOME[n][0]) for n in here}
    with one.custody.reading() as connection:
        blocks = connection.execute("SELECT count(*) FROM block").get
    assert blocks == len(here)


# --- the file -----------------------------------------------------------------------------------------


def test_the_disk_has_its_room_again_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGES_AT_ONCE", 100)
    more = tmp_path / "profile" / "more"
    bundles = [carried(number, 1 << 18)[0] for number in range(20)]
    with desk(tmp_path / "profile") as one:
        put(one, *bundles)
        assert not one.bundles.give_back()
        one.bundles.apply([Remove(id=id_of(bundle), past=None) for bundle in bundles[:-1]])
        large = more.stat().st_size
        assert one.bundles.give_back()
        portion = large - more.stat().st_size
        assert 0 < portion < 1 << 19
        while one.bundles.give_back():
            pass
        assert more.stat().st_size < 1 << 19
        assert one.bundles.read(id_of(bundles[-1])) == bundles[-1]


def test_what_does_not_open_is_made_anew(tmp_path: Path) -> None:
    """What was in it others have, too. What this person wrote is in the other file."""
    with desk(tmp_path / "profile") as one:
        put(one, carried(1)[0])
        (own,) = one.send(AMINA, ONE, letter())
    path = tmp_path / "profile" / "more"
    path.write_bytes(b"something else" * 1000)
    with desk(tmp_path / "profile") as one:
        assert one.bundles.kept(id_of(carried(1)[0])) is None
        assert one.bundles.read(id_of(own)) == own
        put(one, carried(1)[0])


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE bundle SET size_class = 6",
        "UPDATE bundle SET tag = 7",
        "UPDATE block SET content = 'a text'",
        "DELETE FROM block",
        "UPDATE share SET size = 'a text'",
        "UPDATE past SET commitment = 1",
    ],
)
def test_a_damaged_row_is_said(one: Desk, damage: str) -> None:
    bundle, _ = carried(1)
    put(one, bundle)
    one.bundles.apply([Remember(past=past_of(carried(2)[0]))])
    with one.custody.reading() as connection:
        connection.execute(damage)

    def look() -> None:
        one.bundles.kept(id_of(bundle))
        one.bundles.read(id_of(bundle))
        one.bundles.shares()
        one.bundles.past(id_of(carried(2)[0]))

    with pytest.raises(EnvironmentProblem, match="damaged"):
        look()


def test_headers_are_those_of_the_bundles() -> None:
    """Of this file."""
    for bundle, preimage in SOME.values():
        assert decode_header(bundle).commitment == commitment(preimage)

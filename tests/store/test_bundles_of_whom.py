"""What has come of a bundle, and of whom: who goes on with what, and who pays for it (M3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.core.bundles.header import BundleId
from satchel.core.custody.kept import Remember, Share
from satchel.core.identity.contacts import ContactId
from satchel.errors import MisuseError
from satchel.ports.bundles import BLOCK_BYTES
from store.contact_samples import AMINA, BILAL, contact
from store.letter_samples import STICK, Desk, carried, desk, desk_in_memory, id_of, put
from store.test_bundles import past_of


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk_in_memory(tmp_path) as opened:
        yield opened


def test_an_unfinished_bundle_goes_on_where_it_was(tmp_path: Path) -> None:
    bundle, _ = carried(1, 256 << 10)
    id = id_of(bundle)
    with desk(tmp_path / "profile") as one:
        one.bundles.append(AMINA, id, 0, bundle[:BLOCK_BYTES])
        one.bundles.append(AMINA, id, BLOCK_BYTES, bundle[BLOCK_BYTES : 3 * BLOCK_BYTES])
        one.bundles.append(BILAL, id, 0, bytes(BLOCK_BYTES))
    with desk(tmp_path / "profile") as one:
        assert one.bundles.partial(AMINA, id) == bundle[: 3 * BLOCK_BYTES]
        assert one.bundles.partial(BILAL, id) == bytes(BLOCK_BYTES)
        assert one.bundles.partials(AMINA) == {id: 3 * BLOCK_BYTES}
        assert one.bundles.kept(id) is None
        assert one.bundles.read(id) is None
        assert list(one.bundles.rows()) == []
        assert one.bundles.shares() == {
            AMINA: Share(size_bytes=3 * BLOCK_BYTES),
            BILAL: Share(size_bytes=BLOCK_BYTES),
        }
        put(one, bundle)
        assert one.bundles.partials(AMINA) == one.bundles.partials(BILAL) == {}
        assert one.bundles.read(id) == bundle
        assert one.bundles.shares() == {AMINA: Share(size_bytes=256 << 10, bundles=1)}


def test_m3_what_is_unfinished_goes_when_it_has_expired(one: Desk) -> None:
    """But what goes in sessions only, which has no expiry."""
    hours = {
        id_of(bundle): (hour, bundle)
        for hour in (0, 70, 71)
        for bundle in [carried(hour, 256 << 10, hour=hour)[0]]
    }
    for id, (_, bundle) in hours.items():
        for at in (0, BLOCK_BYTES):
            one.bundles.append(AMINA, id, at, bundle[at : at + BLOCK_BYTES])
        one.bundles.append(BILAL, id, 0, bundle[:BLOCK_BYTES])
    assert one.bundles.expire_partials(70) == []
    over = [id for id, (hour, _) in hours.items() if hour == 70]
    assert one.bundles.expire_partials(71) == over * 2
    for who, count in ((AMINA, 4), (BILAL, 2)):
        assert set(one.bundles.partials(who)) == hours.keys() - set(over)
        assert one.bundles.shares()[who] == Share(size_bytes=count * BLOCK_BYTES)
    with one.custody.reading() as connection:
        assert connection.execute("SELECT count(*) FROM block").get == 6


def test_m3_a_few_unfinished_ones_of_a_contact_are_kept(one: Desk) -> None:
    ids = [BundleId(bytes([number]) * 32) for number in range(6)]
    for id in ids:
        one.bundles.append(AMINA, id, 0, id * 2048)
    one.bundles.append(BILAL, ids[0], 0, ids[0] * 2048)
    assert set(one.bundles.partials(AMINA)) == set(ids[2:])
    one.bundles.append(AMINA, ids[2], BLOCK_BYTES, ids[2] * 2048)
    one.bundles.append(AMINA, ids[0], 0, ids[0] * 2048)  # the one that is longest unheard of goes
    assert set(one.bundles.partials(AMINA)) == {ids[0], ids[2], *ids[4:]}
    one.bundles.drop_partials(AMINA, ids[:1])
    one.bundles.append(AMINA, ids[3], 0, ids[3] * 2048)
    one.bundles.append(AMINA, ids[3], BLOCK_BYTES, ids[3] * 2048)  # what goes on makes no other go
    assert one.bundles.shares()[AMINA].size_bytes == 6 * BLOCK_BYTES
    one.bundles.drop_partials(AMINA, ids)
    assert one.bundles.partials(AMINA) == {}
    assert one.bundles.partials(BILAL) == {ids[0]: BLOCK_BYTES}
    assert set(one.bundles.shares()) == {BILAL}


@pytest.mark.parametrize(
    ("at", "length"), [(BLOCK_BYTES, BLOCK_BYTES), (0, 7), (0, 16 * BLOCK_BYTES), (-1, BLOCK_BYTES)]
)
def test_a_block_out_of_place_is_our_mistake(one: Desk, at: int, length: int) -> None:
    with pytest.raises(MisuseError, match="comes in blocks"):
        one.bundles.append(AMINA, BundleId(bytes(32)), at, bytes(length))
    assert one.bundles.partials(AMINA) == {}


# --- who brought it ---------------------------------------------------------------------------------


def test_who_is_forgotten_leaves_what_it_brought_to_the_sticks(one: Desk) -> None:
    """And nobody who comes later is taken for it."""
    put(one, carried(1)[0])
    put(one, carried(2)[0], ingress=STICK)
    one.bundles.append(AMINA, BundleId(bytes(32)), 0, bytes(BLOCK_BYTES))
    one.bundles.apply([Remember(past=past_of(carried(3)[0]))])
    one.contacts.forget(AMINA)
    kept = one.bundles.kept(id_of(carried(1)[0]))
    assert kept is not None
    assert kept.ingress is STICK
    assert one.bundles.shares() == {STICK: Share(size_bytes=4096, bundles=2, past=1)}
    assert len(list(one.bundles.oldest(STICK, 0))) == 2
    one.contacts.add(contact())
    assert one.bundles.kept(id_of(carried(1)[0])) == kept
    put(one, carried(4)[0])
    assert one.bundles.shares()[AMINA] == Share(size_bytes=2048, bundles=1)


def test_what_nobody_brings_any_more_counts_as_a_stick_s(one: Desk) -> None:
    """Who was just forgotten had a bundle under way to us."""
    put(one, carried(1)[0], ingress=ContactId(b"nobody of a name"))
    assert set(one.bundles.shares()) == {STICK}

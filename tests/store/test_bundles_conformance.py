"""The store on a disk and the one in memory that the rules of custody are tested with: told alike, they look
alike. So what is promised of the rules is true of the store."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from core.custody.custody_kit import CLOCK_S, Shelf, bundle, receipt
from satchel.core.bundles.header import BundleId, bundle_id, decode_bundle
from satchel.core.custody.kept import Change, Index, Ingress, Kept, Past, Recount, Remember, Show, Source
from satchel.core.custody.policy import Custody
from satchel.ports.bundles import BLOCK_BYTES
from store.contact_samples import AMINA, BILAL
from store.letter_samples import Desk, desk_in_memory

SPACE_BYTES = 2 << 20  # so that most of what comes makes something go
STEPS = 160
WHO: tuple[Ingress, ...] = (AMINA, BILAL, Source.STICK)
CONTACTS = (AMINA, BILAL)


def view(index: Index, names: range) -> list[object]:
    """All that can be looked up. `names`: of bundles that may be here, or of which receipts are."""
    seen: list[object] = [
        {who: share for who, share in index.shares().items() if share.bundles or share.past}
    ]
    for name in names:
        for size_class in (0, 3, 4):
            id = bundle_id(bundle(name, size_class))
            seen += [index.kept(id), index.past(id), *(index.partial(who, id) for who in CONTACTS)]
        known = index.known(decode_bundle(bundle(name)).commitment)
        seen.append(known and (known.own, known.receipt and known.receipt.preimage))
    for who in WHO:
        seen += [list(index.oldest(who, size_class)) for size_class in range(6)]
        seen.append({past.id for past in index.oldest_past(who)})
    seen.append({each.id for each in index.expired(60_101)})
    return seen


def as_stored(changes: list[Change]) -> list[Change]:
    """What is remembered of an own bundle is a stick's in the store (T2)."""
    return [
        Remember(past=replace(one.past, ingress=Source.STICK)) if isinstance(one, Remember) else one
        for one in changes
    ]


def orders(rules: Custody, chance: random.Random, now_s: int) -> tuple[list[Change], bytes]:
    """What the rules say to something that happens, and the bundle that came with it."""
    name, size_class = chance.randrange(40), chance.choice((0, 3, 4))
    came = bundle(name, size_class, hours=100 + name % 2)
    header, id = decode_bundle(came), bundle_id(came)
    kept: Kept | Past | None = rules.index.kept(id)
    match chance.randrange(8):
        case 0:
            return list(rules.hear(receipt(name)).changes), b""
        case 1:
            return as_stored(rules.release(id, header, receipt(name).preimage)), b""
        case 2 if kept is not None and isinstance(kept, Kept):
            return list(rules.handed_over(kept, gave=1 + chance.randrange(30))), b""
        case 3 if kept is not None:
            return [
                Show(id=id, offered=chance.random() < 0.5),
                Recount(id=id, copies=header.copies and 3),
            ], b""
        case 4 if chance.random() < 0.2:
            return list(rules.settle(CLOCK_S + 101 * 3600)), b""
    who = chance.choice(WHO)
    return rules.take_in(id, header, ingress=who, now_s=now_s, clock_s=CLOCK_S) or [], came


def append(desk: Desk, shelf: Shelf, chance: random.Random) -> None:
    whole = bundle(chance.randrange(40), 4)
    id, who = BundleId(bundle_id(whole)), chance.choice(CONTACTS)
    at = len(shelf.partial(who, id))
    if shelf.kept(id) is None and at < 3 * BLOCK_BYTES:
        for store in (shelf, desk.bundles):
            store.append(who, id, at, whole[at : at + BLOCK_BYTES])


@pytest.mark.parametrize("seed", range(2))
def test_told_alike_they_look_alike(tmp_path: Path, seed: int) -> None:
    chance, shelf = random.Random(seed), Shelf()
    bodies: dict[BundleId, bytes] = {}
    with desk_in_memory(tmp_path) as desk:
        rules = Custody(shelf, space_bytes=SPACE_BYTES, others_bytes=SPACE_BYTES // 2, past_max=20)
        for step in range(STEPS):
            if step % 3 == 0:
                append(desk, shelf, chance)
            changes, came = orders(rules, chance, 1000 + 60 * step)
            if came:
                bodies[bundle_id(came)] = came
            shelf.apply(changes, came)
            desk.bundles.apply(changes, bodies)
            if step % 10 == 0:
                assert view(desk.bundles, range(40)) == view(shelf, range(40)), step
        assert list(desk.bundles.rows()) == sorted(
            (kept.header.expiry_hour, kept.id) for kept in shelf.rows.values() if kept.offered
        )
        for kept in shelf.rows.values():
            found = desk.bundles.read(kept.id)
            assert found is not None
            assert decode_bundle(found) == kept.header
            assert found[41:] == shelf.bodies[kept.id][41:]
        assert shelf.rows
        assert shelf.gone

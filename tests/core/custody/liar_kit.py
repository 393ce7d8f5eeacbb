"""A liar, and we who met it: what it may say."""

import random
from typing import Any

import pytest

from core.custody.custody_kit import (
    HOUR,
    LARGE,
    SMALL,
    Person,
    Side,
    bundle,
    contact,
    drawn,
)
from satchel.core.bundles.header import BundleId, bundle_id
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.codec import BLOCK_BYTES
from satchel.core.custody.messages import (
    Begin,
    Block,
    Message,
    Offer,
    Offered,
    Receipts,
    Want,
    Wanted,
)
from satchel.errors import PeerError

LIAR = contact("liar")
BEGIN = Begin(highest=0, next=1)
OURS = bundle("ours", LARGE)
OUR_ID = bundle_id(OURS)
THEIRS, LARGE_ONE, OTHER_ONE = bundle("theirs"), bundle("large one", LARGE), bundle("other one", LARGE)


def side(*, we_dialled: bool = False, bundles: tuple[bytes, ...] = (OURS,), begun: bool = True) -> Side:
    """We, who met a liar."""
    amina, liar = Person("amina"), Person("liar")
    for one in bundles:
        assert amina.take_in(one, contact("friend"))
    made = Side(amina, liar, we_dialled=we_dialled)
    made.do(made.exchange.begin(highest=0, next=1, now_s=amina.now_s))
    if begun:
        made.hear(BEGIN)
    made.says.clear()
    return made


def refusal(clause: str) -> Any:
    return pytest.raises(PeerError, match=rf"^custody {clause}:")


def offer(*bundles: bytes, direct: bool = False) -> Offer:
    return Offer(bundles=tuple(map(offered, bundles)), direct=direct)


def offered(bundle: bytes) -> Offered:
    return Offered(
        id=bundle_id(bundle),
        size_class=bundle[0] & 15,
        expiry_hour=int.from_bytes(bundle[1:4], "big"),
    )


def described(size_class: int, expiry_hour: int) -> Offer:
    one = Offered(id=bundle_id(THEIRS), size_class=size_class, expiry_hour=expiry_hour)
    return Offer(bundles=(one,), direct=False)


def blocks(number: int, bundle: bytes) -> list[Message]:
    places = range(-(-len(bundle) // BLOCK_BYTES))
    return [
        Block(number=number, place=place, data=bundle[place * BLOCK_BYTES :][:BLOCK_BYTES])
        for place in places
    ]


def want(*ids: BundleId, blocks: int = 0) -> Want:
    return Want(bundles=tuple(Wanted(id=id, blocks=blocks) for id in ids))


def many(count: int, *, since: int = 0) -> list[Offered]:
    return [
        Offered(id=BundleId(drawn(("fake", since + n), 32)), size_class=SMALL, expiry_hour=HOUR + 1)
        for n in range(count)
    ]


def forged(count: int, chance: random.Random) -> Receipts:
    return Receipts(
        receipts=tuple(Receipt(preimage=chance.randbytes(20), expiry_hour=0) for _ in range(count))
    )

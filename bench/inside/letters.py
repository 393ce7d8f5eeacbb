"""Stores of two who meet: `letters.py fill PLAN`, `letters.py look PLAN`, `letters.py inventory HOME HOME`.

PLAN is HOME SIDE COMMON DIFFERENT PLACE HOUR. SIDE is 0 or 1: who of the two it is. What only the one has is
of 128 KiB on average; PLACE says whether it expires `anywhere` in what they have in common, or is `newest`.
HOUR is that of the filling. The bundles are of nobody. Prints JSON.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from satchel.core.bundles.header import COPIES_MAX, SIZES_BYTES, BundleId, Header, bundle_id, encode_header
from satchel.core.custody.copies import FIRST_MIN
from satchel.core.custody.kept import Ingress, Keep, Kept, Source
from satchel.core.identity.keyfile import Bare, decode
from satchel.core.reconcile.effects import Say
from satchel.core.reconcile.initiator import Initiator
from satchel.core.reconcile.records import Records
from satchel.core.reconcile.responder import Responder
from satchel.node.entropy import SystemEntropy
from satchel.store.blobs import BlobFolder
from satchel.store.bundles import SqliteBundles
from satchel.store.contents import Contents
from satchel.store.custody import open_custody
from satchel.store.profile import ProfileFolder

HOURS = range(48, 600)  # from now until it expires
NEWEST = HOURS[-3:]
OF_500 = {5: 26, 4: 100, 3: 150, 2: 100, 1: 74, 0: 50}  # bundles of each class: 128 KiB on average
GROUP_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What lies in the two stores."""

    common: int
    different: int  # on both sides
    place: str

    def common_ones(self, now_h: int) -> Iterator[tuple[Keep, bytes]]:
        for number in range(self.common):
            yield bundle(f"common {number}", 0, now_h, HOURS)

    def of(self, side: int, now_h: int) -> Iterator[tuple[Keep, bytes]]:
        """What only this side has."""
        classes = [size for size, count in OF_500.items() for _ in range(count)]
        for number in range(side, self.different, 2):
            hours = NEWEST if self.place == "newest" else HOURS
            yield bundle(f"only {number}", classes[number * len(classes) // self.different], now_h, hours)


def bundle(name: str, size_class: int, now_h: int, hours: range) -> tuple[Keep, bytes]:
    """The same in each process, within the hour."""
    chance = random.Random(name)
    header = Header(
        size_class=size_class,
        expiry_hour=now_h + chance.choice(hours),
        copies=chance.randint(FIRST_MIN, COPIES_MAX) if size_class > 3 else 0,
        tag=chance.randbytes(16),
        commitment=chance.randbytes(20),
    )
    begins = encode_header(header)
    whole = begins + chance.randbytes(SIZES_BYTES[size_class] - len(begins))
    kept = Kept(
        id=bundle_id(whole), header=header, ingress=Source.STICK, arrived_s=int(time.time()), offered=True
    )
    return Keep(kept=kept), whole


@contextmanager
def opened(home: Path) -> Iterator[SqliteBundles]:
    draw = SystemEntropy().draw
    folder = ProfileFolder.take(home)
    with closing(folder):
        file = decode(folder.read_key_file() or b"")
        assert isinstance(file, Bare)
        with closing(folder.open(file.key)) as database:
            contents = Contents(database, BlobFolder(home, database, draw=draw), draw=draw)
            with closing(open_custody(home, database, draw(32))) as custody:
                yield SqliteBundles(database, custody, contents)


def fill(home: Path, side: int, plan: Plan, now_h: int) -> dict[str, Any]:
    count = size_bytes = group_bytes = 0
    group: list[tuple[Keep, bytes]] = []
    with opened(home) as bundles:

        def store() -> None:
            bundles.apply([keep for keep, _ in group], {keep.kept.id: whole for keep, whole in group})
            group.clear()

        for some in (plan.common_ones(now_h), plan.of(side, now_h)):
            for keep, whole in some:
                group.append((keep, whole))
                count, size_bytes, group_bytes = count + 1, size_bytes + len(whole), group_bytes + len(whole)
                if group_bytes > GROUP_BYTES:
                    store()
                    group_bytes = 0
        store()
    return {"count": count, "bytes": size_bytes, "hour": now_h}


def look(home: Path, side: int, plan: Plan, now_h: int) -> dict[str, Any]:
    """What has come from the other; and that all that is here is what its id says, and is counted right."""
    theirs = {keep.kept.id: len(whole) for keep, whole in plan.of(1 - side, now_h)}
    ours = [keep.kept.id for keep, _ in plan.of(side, now_h)]
    with opened(home) as bundles:
        shares = bundles.shares()
        came: dict[BundleId, int] = {}
        for who, share in shares.items():
            found = list(all_of(bundles, who))
            for kept in found:
                assert bundle_id(bundles.read(kept.id) or b"") == kept.id, "a bundle is not what its id says"
            size_bytes = sum(kept.header.size_bytes for kept in found)
            unfinished = {} if isinstance(who, Source) else bundles.partials(who)
            assert (share.bundles, share.size_bytes) == (len(found), size_bytes + sum(unfinished.values()))
            came |= {kept.id: kept.header.size_bytes for kept in found if kept.id in theirs} | unfinished
        assert came.keys() <= theirs.keys(), "something came that the other did not have"
        gone = [id.hex() for id in ours if bundles.kept(id) is None]  # with its last copy (custody 4.3)
    whole = [id.hex() for id, size in theirs.items() if came.get(id) == size]
    lacks = len(theirs) - len(whole)
    return {"whole": whole, "gone": gone, "lacks": lacks, "moved_bytes": sum(came.values())}


def all_of(bundles: SqliteBundles, who: Ingress) -> Iterator[Kept]:
    for size_class in range(len(SIZES_BYTES)):
        yield from bundles.oldest(who, size_class)


def inventory(homes: tuple[Path, Path]) -> dict[str, Any]:
    """Bytes of the messages that tell these two apart, whoever of them asks."""
    sets = []
    for home in homes:
        with opened(home) as bundles:
            sets.append(Records(bundles.rows()))
    counted = []
    for ours, theirs in (sets, sets[::-1]):
        initiator, responder, size_bytes = Initiator(ours), Responder(theirs), 0
        said: bytes | None = initiator.begin().message
        while said is not None:
            answer = responder.hear(said)
            size_bytes += len(said) + len(answer)
            said = next((one.message for one in initiator.hear(answer) if isinstance(one, Say)), None)
        counted.append(size_bytes)
    return {"bytes": max(counted)}


def main(what: str, *words: str) -> None:
    if what == "inventory":
        found = inventory((Path(words[0]), Path(words[1])))
    else:
        home, side, common, different, place, hour = words
        plan = Plan(common=int(common), different=int(different), place=place)
        found = (fill if what == "fill" else look)(Path(home), int(side), plan, int(hour))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], *sys.argv[2:])

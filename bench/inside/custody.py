"""The store of bundles at its size: `custody.py fill HOME COUNT`, then `start HOME` or `use HOME GROUPS`.

Each in a process of its own. The bundles are of 2 KiB and of nobody; what is in them is not looked at, as in
custody. One JSON object on standard output.
"""

import json
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from satchel.core.bundles.header import SIZES_BYTES, BundleId, Header, encode_header
from satchel.core.custody.kept import Change, Keep, Kept, Remove, Source
from satchel.core.reconcile.records import Records
from satchel.store.blobs import BlobFolder
from satchel.store.bundles import SqliteBundles
from satchel.store.contents import Contents
from satchel.store.custody import open_custody
from satchel.store.database import Database

KEY, CUSTODY_KEY = b"k" * 32, b"c" * 32
FILL_GROUP = 2_000
GROUP = 64  # bundles that come in about a tenth of a second, made durable together
LOOK_UPS = 2_000
EVICTED = 512
FILLING = os.urandom(SIZES_BYTES[0])


def opened(home: Path) -> SqliteBundles:
    database = Database.open(home / "data", KEY)
    custody = open_custody(home, database, CUSTODY_KEY)
    contents = Contents(database, BlobFolder(home, database, draw=os.urandom), draw=os.urandom)
    return SqliteBundles(database, custody, contents)


def arrival(chance: random.Random) -> tuple[Keep, bytes]:
    """Of some hour of the next month."""
    header = Header(
        size_class=0,
        expiry_hour=61_000 + chance.randrange(720),
        copies=0,
        tag=chance.randbytes(16),
        commitment=chance.randbytes(20),
    )
    id = BundleId(chance.randbytes(32))
    kept = Kept(id=id, header=header, ingress=Source.STICK, arrived_s=1_800_000_000, offered=True)
    encoded = encode_header(header)
    return Keep(kept=kept), encoded + FILLING[len(encoded) :]


def store(bundles: SqliteBundles, count: int, chance: random.Random) -> list[Kept]:
    came = [arrival(chance) for _ in range(count)]
    bundles.apply([keep for keep, _ in came], {keep.kept.id: bundle for keep, bundle in came})
    return [keep.kept for keep, _ in came]


def fill(home: Path, count: int) -> dict[str, Any]:
    bundles, chance, begun_s = opened(home), random.Random(1), time.monotonic()
    for at in range(0, count, FILL_GROUP):
        store(bundles, min(FILL_GROUP, count - at), chance)
    return {"fill_s": time.monotonic() - begun_s, "disk_bytes": (home / "more").stat().st_size}


def start(home: Path) -> dict[str, Any]:
    """What a node needs before it can meet anybody."""
    begun_s = time.monotonic()
    bundles = opened(home)
    records = Records(bundles.rows())
    took_s = time.monotonic() - begun_s
    share = bundles.shares()[Source.STICK]
    assert len(records) == share.bundles
    return {"start_s": took_s, "count": len(records), "cpu_s": time.process_time()}


def use(home: Path, groups: int) -> dict[str, Any]:
    bundles, chance = opened(home), random.Random()
    new: list[Kept] = []
    stored_ms = []
    for _ in range(groups):
        begun_s = time.monotonic()
        new += store(bundles, GROUP, chance)
        stored_ms.append(1e3 * (time.monotonic() - begun_s) / GROUP)
    sample = [chance.choice(new) for _ in range(LOOK_UPS)]
    found_us = {
        "id": look_up(lambda kept: bundles.kept(kept.id), sample),
        "tag": look_up(lambda kept: bundles.with_tag(kept.header.tag), sample),
        "commitment": look_up(lambda kept: bundles.known(kept.header.commitment), sample),
        "nothing": look_up(lambda kept: bundles.kept(BundleId(kept.id[::-1])), sample, finds=False),
        "body": look_up(lambda kept: bundles.read(kept.id), sample),
    }
    begun_s = time.monotonic()
    going: list[Change] = [
        Remove(id=kept.id, past=None) for kept in islice(bundles.oldest(Source.STICK, 0), EVICTED)
    ]
    bundles.apply(going)
    evicted_ms = 1e3 * (time.monotonic() - begun_s) / len(going)
    return {"store_ms": statistics.median(stored_ms), "found_us": found_us, "evicted_ms": evicted_ms}


def look_up(how: Callable[[Kept], object], sample: list[Kept], *, finds: bool = True) -> float:
    begun_s = time.monotonic()
    for kept in sample:
        assert bool(how(kept)) is finds
    return 1e6 * (time.monotonic() - begun_s) / len(sample)


def main(what: str, home: Path, *count: str) -> None:
    match what:
        case "fill":
            found = fill(home, int(count[0]))
        case "start":
            found = start(home)
        case _:
            found = use(home, int(count[0]))
    found["rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])

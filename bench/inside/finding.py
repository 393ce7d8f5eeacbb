"""finding.py PROFILE: queries against the library of a profile, alone and while pages are read beside them.

Opens the profile as a node does; nobody else may have it. One JSON object at the end.
"""

import json
import statistics
import sys
import threading
import time
from pathlib import Path

from satchel.cli.profile import open_with_key
from satchel.cli.show import JsonShow
from satchel.core.identity.keyfile import Bare, decode
from satchel.core.library.query import parse_query
from satchel.ports.library import EVERYTHING, Hits, Library, Order
from satchel.store.profile import ProfileFolder

QUERIES = (  # rare words and the most common ones, phrases, single characters, beginnings of words
    *("In the beginning God created", "Zerubbabel", "the", '"still small voice"', "apt-get", "and", "de la"),
    *("شبكة", "بسم الله الرحمن الرحيم", "الله", "قراءة", "شبکه", "می خواهید", "کتاب", "گائے"),
    *("网络", "的", "ネットワーク", "네트워크", "сеть", "Ещё", "δίκτυο", "mạng", "আল্লাহ", "ağ yönetimi"),
)
FIRST = 20
WITHIN_S = 1.0
TURNS = 5
BESIDE_S = 20.0
SEARCHERS = 4


def main() -> None:
    folder = ProfileFolder.take(Path(sys.argv[1]))
    data = folder.read_key_file()
    assert data is not None
    file = decode(data)
    assert isinstance(file, Bare)
    profile = open_with_key(folder, file, file.key, JsonShow())
    began_s = time.monotonic()
    library = profile.library
    library.catalogue.list(EVERYTHING, Order.TITLE, first=0, count=30)
    start_s = time.monotonic() - began_s
    took_s: dict[str, list[float]] = {query: [] for query in QUERIES}
    found, cut = set(), set()
    for _ in range(TURNS):
        for query in QUERIES:
            began_s = time.monotonic()
            hits = look_for(library, query)
            took_s[query].append(time.monotonic() - began_s)
            found |= {query} if hits.hits else set()
            cut |= {query} if hits.is_cut else set()
    page_p99_s = beside(library)
    slowest = max(took_s, key=lambda query: statistics.median(took_s[query]))
    line = {
        "event": "found",
        "found": len(found),
        "start_s": start_s,
        "slowest_s": [max(took_s[query][turn] for query in QUERIES) for turn in range(TURNS)],
        "median_s": [statistics.median(took_s[query][turn] for query in QUERIES) for turn in range(TURNS)],
        "page_p99_s": page_p99_s,
        "notes": [
            f"Slowest: {slowest!r}, {1000 * statistics.median(took_s[slowest]):.0f} ms.",
            f"Not all was looked through for: {', '.join(sorted(cut)) or 'none'}.",
            f"Nothing found for: {', '.join(sorted(set(QUERIES) - found)) or 'none'}.",
        ],
    }
    print(json.dumps(line), flush=True)
    profile.close()


def look_for(library: Library, query: str) -> Hits:
    return library.index.search(
        parse_query(query), accept=lambda _: True, first=0, count=FIRST, within_s=WITHIN_S
    )


def beside(library: Library) -> float:
    """A page of the catalogue while some search all the time: the 99th of a hundred, in seconds."""
    until_s = time.monotonic() + BESIDE_S

    def search(first: int) -> None:
        turn = first
        while time.monotonic() < until_s:
            look_for(library, QUERIES[turn % len(QUERIES)])
            turn += 1

    searching = [threading.Thread(target=search, args=(6 * number,)) for number in range(SEARCHERS)]
    for one in searching:
        one.start()
    took: list[float] = []
    while time.monotonic() < until_s:
        began_s = time.monotonic()
        library.catalogue.list(EVERYTHING, Order.TITLE, first=30 * (len(took) % 10), count=30)
        took.append(time.monotonic() - began_s)
        time.sleep(0.005)
    for one in searching:
        one.join()
    return sorted(took)[len(took) * 99 // 100]


if __name__ == "__main__":
    main()

"""Who reads from a server: a crowd, or one who looks where something is."""

import json
import sys
from typing import Any

from bench.programs import Program
from bench.track import LIGHT_PYTHON
from lab import Host
from workshop.running import ROOT

ADDRESSES = 10  # from which a crowd comes


def start(host: Host, connections: int, seconds: float, urls: list[str]) -> Program:
    line = [
        *LIGHT_PYTHON,
        "-m",
        "bench.inside.readers",
        str(connections),
        str(seconds),
        addresses(host),
        *urls,
    ]
    return Program(host, line, path=str(ROOT))


def addresses(host: Host) -> str:
    """Several, as a crowd has."""
    prefix = host.ip.rpartition(".")[0]
    more = [f"{prefix}.{200 + number}" for number in range(ADDRESSES)]
    for address in more:
        host.run(["ip", "addr", "add", f"{address}/16", "dev", "wlan0"], check=False)
    return ",".join(more)


def first_pages(host: Host, url: str) -> list[str]:
    """What people open: lists, books, a search."""
    books = [link["href"] for link in links(host, f"{url}books?v=2") if "/book/" in link["href"]]
    pages = [url, f"{url}new", f"{url}books", f"{url}languages", f"{url}books?page=7", f"{url}subjects"]
    return [*pages, *books[:20]]


def one_book(host: Host, url: str) -> str:
    """Where a reading app takes the first one."""
    return next(link["href"] for link in links(host, f"{url}books?v=2") if "/take/" in link["href"])


def links(host: Host, url: str) -> list[dict[str, str]]:
    """All links of a catalogue in JSON."""
    told = host.run([sys.executable, "-c", _GET, url]).stdout
    found: list[dict[str, str]] = []

    def look(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("href"), str):
                found.append(node)
            for inner in node.values():
                look(inner)
        elif isinstance(node, list):
            for inner in node:
                look(inner)

    look(json.loads(told))
    return found


_GET = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=30).read().decode())"

"""Tiny sites of this folder on a host of the laboratory."""

import sys
from pathlib import Path

from lab import Host, Packet
from lab.namespace import wait_until
from lab.watched import WatchedLab

PORT = 8000
ORIGIN = f"http://127.0.0.1:{PORT}"


def start_site(host: Host, name: str = "site.py") -> None:
    """Have it there, for that host's browsers alone."""
    tests = Path(__file__).parents[1]
    site = host.talk(["env", f"PYTHONPATH={tests}", sys.executable, tests / "browser" / name, str(PORT)])
    site.expect("^ready\n")


def asked_for(lab: WatchedLab, name: bytes) -> bool:
    """Whether questions come on the cable in some seconds, and all for `name`, as its bytes are there."""

    def queries() -> list[Packet]:
        return list(lab.watched("home").name_queries())

    wait_until(queries, 10, pause_s=0.1)
    return bool(queries()) and all(name in query.payload for query in queries())

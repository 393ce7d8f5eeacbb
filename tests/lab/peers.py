"""Runs the programs of `peer.py` in hosts; for the laboratory's own tests."""

import sys
from pathlib import Path

from lab.host import Host
from lab.process import Dialogue

PEER = [sys.executable, str(Path(__file__).with_name("peer.py"))]


def start(host: Host, *words: str) -> Dialogue:
    """Start a program that says when it is ready, and wait for that."""
    program = host.talk([*PEER, *words])
    program.expect("^ready\n")
    return program


def reaches(host: Host, address: str, timeout_s: float = 0.4) -> bool:
    """Whether the echo server on port 7 of `address` answers `host`."""
    return host.run([*PEER, "connect", address, "7", str(timeout_s)], check=False).returncode == 0

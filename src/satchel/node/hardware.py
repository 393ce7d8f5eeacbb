"""What this machine can do."""

import os
from pathlib import Path

from satchel.core.crypto.kdf import MacKey
from satchel.core.discovery.datagram import ADDRESS_BYTES, DATAGRAM_BYTES, recognise_contact
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.tags import HOUR_BYTES, Mark
from satchel.node import clock

MEASURED_MACS = 4000


def memory_kib() -> int:
    """All memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 10


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def macs_per_s() -> float:
    """How many marks of contacts one core looks up in a second. Takes some milliseconds."""
    source, key = bytes(ADDRESS_BYTES), MacKey(bytes(32))
    mark = Mark(ContactId(bytes(16)), 0, bytes(HOUR_BYTES), key)
    datagram = b"\xff" * DATAGRAM_BYTES
    began_s = clock.busy_s()
    recognise_contact(datagram, source, [mark] * MEASURED_MACS)
    return MEASURED_MACS / max(1e-6, clock.busy_s() - began_s)


def has_aes() -> bool:
    """Whether the processor does AES itself (x86-64: AES-NI, arm64: the crypto extension). Without it
    ChaCha20-Poly1305 is faster; a Raspberry Pi 4 has none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    lines = (line for line in text.splitlines() if line.lower().startswith(("flags", "features")))
    return any("aes" in line.split(":", 1)[-1].split() for line in lines)

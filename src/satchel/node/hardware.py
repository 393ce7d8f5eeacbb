"""What this machine can do."""

import os
from pathlib import Path


def memory_kib() -> int:
    """All memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 10


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def has_aes() -> bool:
    """Whether the processor does AES itself (x86-64: AES-NI, arm64: the crypto extension). Without it
    ChaCha20-Poly1305 is faster; a Raspberry Pi 4 has none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    lines = (line for line in text.splitlines() if line.lower().startswith(("flags", "features")))
    return any("aes" in line.split(":", 1)[-1].split() for line in lines)

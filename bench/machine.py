"""What kind of machine this is."""

import os
import platform
import subprocess
from pathlib import Path

from bench.results import Machine
from workshop.running import ROOT


def this_machine() -> Machine:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=processor(),
        memory_gib=pages / 2**30,
        kernel=platform.release(),
        python=platform.python_version(),
        congestion=Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text(encoding="ascii").strip(),
        load=os.getloadavg()[0],
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def version() -> str:
    """The commit, with a plus where files differ from it; unknown where there is no git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"

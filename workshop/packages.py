"""Debian packages that are missing: installed as root, named otherwise. Never sudo, never a question."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from workshop.running import Stopped, run_quietly, say

LAB_PACKAGES = {  # command that the laboratory's tests call -> the Debian package that brings it
    "faketime": "faketime",
    "fusefat": "fusefat",
    "ip": "iproute2",
    "losetup": "mount",
    "mcopy": "mtools",
    "mkfs.exfat": "exfatprogs",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mount.exfat-fuse": "exfat-fuse",  # brings libfuse, on which recorded disks stand, too
    "nft": "nftables",
    "strace": "strace",
    "unshare": "util-linux",
}


def prepare_laboratory() -> None:
    """Install what the network laboratory calls; without root, only say what it lacks."""
    missing = missing_packages(LAB_PACKAGES)
    if not missing:
        return
    try:
        apt_install(missing, why="for the network laboratory")
    except Stopped as reason:
        # Not the end: the tests that need the laboratory skip, or fail where CI=true.
        print(reason, flush=True)


def missing_packages(wanted: Mapping[str, str]) -> list[str]:
    """The packages of those commands that are not there."""
    search = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
    return sorted({package for command, package in wanted.items() if not shutil.which(command, path=search)})


def apt_install(packages: Sequence[str], *, why: str) -> None:
    """Install Debian packages as root; otherwise say what to type and stop."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        raise Stopped(
            f"Missing, {why}: {' '.join(packages)} (the names are Debian's). Nothing was changed. "
            "Install what your system calls them, then run this again."
        )
    if os.geteuid() != 0:
        raise Stopped(
            f"Missing, {why}: {' '.join(packages)}. Nothing was changed. As root, run this one line, "
            f"then start again as yourself:\n    apt-get update && {shlex.join(command)}"
        )
    say(f"installing Debian packages: {' '.join(packages)}")
    apt_get(command[1:], why=why)


def apt_get(words: Sequence[str], *, why: str, folder: Path | None = None) -> None:
    """One command of it; first the lists of packages, where there are none, or old ones. Raises Stopped."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", *words]
    lists = Path("/var/lib/apt/lists")
    attempts = [command] if any(lists.glob("*Packages*")) else []
    for attempt in [*attempts, ["apt-get", "update"], command]:
        result = run_quietly(attempt, environment, folder=folder)
        if attempt is command and result.returncode == 0:
            return
    raise Stopped(
        f"{result.stdout}\nDebian's packages could not be had, {why} (above is what apt-get says). "
        "The checkout is as it was. Check the network and /etc/apt, then run this again."
    )

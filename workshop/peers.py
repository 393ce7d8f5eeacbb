"""Other servers of books, for `bench library` alone: from PyPI and Debian, never in the environment."""

from __future__ import annotations

import shutil

from workshop.environment import install_beside
from workshop.packages import apt_install
from workshop.running import DEV

COPYPARTY = DEV / "peers"
KIWIX = "kiwix-serve"


def prepare_peers() -> None:
    """Raises Stopped."""
    install_beside("peers")
    if shutil.which(KIWIX) is None:
        apt_install(["kiwix-tools"], why="to measure beside it")

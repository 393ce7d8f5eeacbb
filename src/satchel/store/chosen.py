"""The folder that the person chose, before anything is accepted: looked at, and nothing made in it.

A program that is killed while it looks for the other side leaves nothing behind.
"""

import errno
import os
from pathlib import Path
from typing import Self

from satchel.ports import HandoverId
from satchel.problems import best_effort, disk_problems
from satchel.store.landing import CHOSEN_FLAGS, FolderLanding, shown


class ChosenFolder:
    """See ports.Chosen. Holds the folder open: what is under its name later may be another disk."""

    def __init__(self, root: int) -> None:
        """Takes over `root`. Use `open`."""
        self._root = root

    @classmethod
    def open(cls, into: bytes | Path) -> Self:
        """Make it unless it is there, and see whether it can be written to. Nothing is made in it.

        Raises EnvironmentProblem if it cannot be used.
        """
        with disk_problems(f"use the folder {shown(into)}"):
            os.makedirs(into, exist_ok=True)
            root = os.open(into, CHOSEN_FLAGS)
            try:
                if not os.access(b".", os.W_OK | os.X_OK, dir_fd=root):
                    read_only = os.fstatvfs(root).f_flag & os.ST_RDONLY
                    raise OSError(errno.EROFS if read_only else errno.EACCES, "")
            except BaseException:
                os.close(root)
                raise
        return cls(root)

    def free_bytes(self) -> int:
        with disk_problems("see how much room there is"):
            disk = os.fstatvfs(self._root)
            return disk.f_bavail * (disk.f_frsize or disk.f_bsize)

    def begin(self, id: HandoverId) -> FolderLanding:
        with disk_problems("write into the chosen folder"):
            root = os.dup(self._root)
            landing = FolderLanding.begin(root, id)
            try:
                with best_effort():
                    os.fsync(root)
            except BaseException:
                landing.close(remove=True)
                raise
            return landing

    def close(self) -> None:
        os.close(self._root)

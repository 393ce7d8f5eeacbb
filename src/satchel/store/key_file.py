"""The key file of a profile on its disk: made once, replaced whole, and the first thing that a wipe destroys.

After a power cut at any instant there is the file of before or the new one, never a part. What is in it is
core's (identity/keyfile.py). Overwriting what is let go of is as much as a program can do: a journal or the
flash below may keep it (T2, T3).
"""

import errno
import os
from pathlib import Path

from satchel.core.identity.keyfile import KEY_FILE_BYTES_MAX
from satchel.errors import MisuseError
from satchel.problems import best_effort, disk_problems
from satchel.store.durability import overwrite, sync_disk_of
from satchel.store.renaming import At, rename_new

_NAME, _NEXT = b"key", b"key.next"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def read_key_file(home: Path) -> bytes | None:
    """At most a byte more than a key file may have; None: there is no profile. Raises EnvironmentProblem."""
    with disk_problems(f"read the key file in {str(home)!r}"):
        try:
            file = os.open(home / os.fsdecode(_NAME), _READ)
        except FileNotFoundError:
            return None
        try:
            return os.read(file, KEY_FILE_BYTES_MAX + 1)
        finally:
            os.close(file)


def create_key_file(home: Path, data: bytes) -> None:
    """Make it, durable when this returns. Raises EnvironmentProblem, MisuseError: there is one already."""
    with disk_problems(f"make the key file in {str(home)!r}"):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(home, _FOLDER)
        try:
            _write_next(folder, data)
            rename_new(At(folder, _NEXT), At(folder, _NAME))
            sync_disk_of(folder)  # all folders that were made, too
        except FileExistsError as exc:
            os.unlink(_NEXT, dir_fd=folder)
            raise MisuseError(
                "There is a profile here already.",
                safe="It was not changed.",
                do="Use it, or name another folder with --home.",
            ) from exc
        finally:
            os.close(folder)


def replace_key_file(home: Path, data: bytes) -> None:
    """Put another in its place, durable when this returns, and overwrite the one of before: it opens with the
    passphrase of before. Raises EnvironmentProblem."""
    with disk_problems(f"replace the key file in {str(home)!r}"):
        folder = os.open(home, _FOLDER)
        try:
            before = os.open(_NAME, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                _write_next(folder, data)
                os.rename(_NEXT, _NAME, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)  # before what it replaces is gone
                if os.fstat(before).st_nlink == 0:  # else it is somebody's backup, made of hard links
                    overwrite(before)
            finally:
                os.close(before)
        finally:
            os.close(folder)


def drop_unfinished(home: Path) -> None:
    """Destroy one that a killed program began to write. Raises EnvironmentProblem."""
    with disk_problems(f"write into {str(home)!r}"):
        folder = os.open(home, _FOLDER)
        try:
            _wipe(folder, _NEXT)
        finally:
            os.close(folder)


def wipe_key_file(home: Path) -> None:
    """Destroy it: from now on nothing of the profile can be read. No error if it is not there. Raises
    EnvironmentProblem."""
    with disk_problems(f"wipe the key file in {str(home)!r}"):
        try:
            folder = os.open(home, _FOLDER)
        except FileNotFoundError:
            return
        try:
            problems: list[OSError] = []
            for name in (_NAME, _NEXT):
                try:
                    _wipe(folder, name)
                except OSError as exc:  # the other one goes all the same
                    problems.append(exc)
            os.fsync(folder)
            if problems:
                raise problems[0]
        finally:
            os.close(folder)


def _wipe(folder: int, name: bytes) -> None:
    """What cannot be overwritten (a failing disk, a link, a pipe) is removed all the same, and told."""
    try:
        file = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            overwrite(file)
        finally:
            os.close(file)
    except FileNotFoundError:
        return
    except OSError:
        os.unlink(name, dir_fd=folder)
        raise
    os.unlink(name, dir_fd=folder)


def _write_next(folder: int, data: bytes) -> None:
    file = os.open(_NEXT, _WRITE, 0o600, dir_fd=folder)  # one that a killed program left is of no use
    try:
        with best_effort():  # FAT keeps no modes, and says so
            os.fchmod(file, 0o600)
        if os.write(file, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
    finally:
        os.close(file)

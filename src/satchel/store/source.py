"""What the person wants to send: look at it once, and read exactly that later.

Links are never followed, neither those that are there when the person names a folder nor those put
there later: a link in a shared folder once made a sharing program give away other files of its user
(OnionShare, CVE-2026-54706). What cannot be sent is named with a reason, never left out in silence.
Writes nothing.
"""

import os
import re
import stat
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from satchel.core.handover.codec import MTIME_NS_MAX, SIZE_MAX
from satchel.core.handover.messages import EntryKind
from satchel.core.wire.paths import STAGING_PREFIX, refusal
from satchel.errors import EnvironmentProblem, FileChanged, MisuseError
from satchel.ports import SourceEntry
from satchel.problems import disk_problems, problem_with
from satchel.store.naming import free_among

# O_NONBLOCK: opening a FIFO put in a file's place must not wait for its writer. No meaning for files.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_STAMP = struct.Struct("<QQQQQ")
_U64 = (1 << 64) - 1
_STAGING = re.compile(re.escape(STAGING_PREFIX) + rb"[0-9a-f]{32}")
_SENT = (stat.S_IFREG, stat.S_IFDIR)
_WHAT = {
    stat.S_IFLNK: "a link; links are not followed",
    stat.S_IFIFO: "a pipe, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Something the person named, or that lies in it, that will not be sent."""

    path: bytes
    why: str


@dataclass(slots=True)
class Survey:
    """`entries`: folders stand before what is in them, names in the order of their bytes."""

    entries: list[SourceEntry] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    top: bytes = b""  # what is being looked at


def survey(paths: Sequence[bytes], taken: set[bytes] | None = None) -> Survey:
    """Look at everything that was named. About 450 bytes of memory for a file.

    Args:
        taken: names at the top that something else of the same offer has.
    Raises:
        MisuseError: one of `paths` does not exist or has no name of its own, as "/".
    """
    found = Survey()
    roots = set() if taken is None else taken
    seen: set[bytes] = set()
    for path in paths:
        location = _locate(path)
        if location in seen:
            continue  # named twice
        seen.add(location)
        parent, name = os.path.split(location)
        if not name:
            raise MisuseError(
                "The whole disk cannot be sent at once.", safe="Nothing was sent.", do="Name a folder on it."
            )
        try:
            folder = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            found.refused.append(Refused(path, "the folder it is in cannot be read"))
            continue
        try:
            # Two roots of one name must not become one tree: the second is "name (2)".
            is_folder = stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
            root = free_among(name, roots, is_folder=is_folder)
            roots.add(root)
            found.top = location
            _look_at(folder, name, location, (root,), found)
        except FileNotFoundError as exc:
            raise _missing(path) from exc
        finally:
            os.close(folder)
    return found


def _locate(path: bytes) -> bytes:
    """Absolute, links in front of the last name resolved once, the last one not."""
    if not path or b"\0" in path:
        raise MisuseError(
            "An empty name names nothing.", safe="Nothing was sent.", do="Name a file or a folder."
        )
    trimmed = path.rstrip(b"/")
    parent, name = os.path.split(trimmed)
    if name in (b"", b".", b".."):
        location = os.path.realpath(path)
    else:
        location = os.path.join(os.path.realpath(parent or b"."), name)
    if not os.path.lexists(location):
        raise _missing(path)
    return location


def _missing(path: bytes) -> MisuseError:
    return MisuseError(
        f"There is no file or folder {os.fsdecode(path)!r}.",
        safe="Nothing was sent.",
        do="See whether the name is right.",
    )


def _look_at(folder: int, name: bytes, location: bytes, path: tuple[bytes, ...], found: Survey) -> None:
    """One name in an open folder, with all below it. Depth is bounded by the rule for paths."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = stat.S_IFMT(status.st_mode)
        why = refusal(path) or (None if kind in _SENT else _WHAT.get(kind, "not a file"))
        if why is not None:
            found.refused.append(Refused(location, why))
        elif kind == stat.S_IFDIR:
            _look_into(folder, name, location, path, found)
        else:
            _look_at_file(folder, name, _entry(EntryKind.FILE, status, found.top, path), found)
    except FileNotFoundError:
        if len(path) == 1:
            raise
        # Deleted while we look: as if it had never been there.
    except OSError as exc:
        found.refused.append(Refused(location, f"it cannot be read ({os.strerror(exc.errno or 0)})"))


def _look_at_file(folder: int, name: bytes, entry: SourceEntry, found: Survey) -> None:
    if not os.access(name, os.R_OK, dir_fd=folder):  # now, not in an hour, we learn that it is unreadable
        os.close(os.open(name, _FILE_FLAGS, dir_fd=folder))  # and here, why
    if entry.size > SIZE_MAX:  # only files of holes are that long
        found.refused.append(Refused(entry.location, "its length is beyond 4 petabytes"))
    else:
        found.entries.append(entry)


def _look_into(folder: int, name: bytes, location: bytes, path: tuple[bytes, ...], found: Survey) -> None:
    inner = os.open(name, _FOLDER_FLAGS, dir_fd=folder)
    try:
        status = os.fstat(inner)
        names = sorted(map(os.fsencode, os.listdir(inner)))
        found.entries.append(_entry(EntryKind.FOLDER, status, found.top, path))
        for item in names:
            if _STAGING.fullmatch(item) is None:  # else: what is being received here is nobody's file yet
                _look_at(inner, item, b"%b/%b" % (location, item), (*path, item), found)
    finally:
        os.close(inner)


def _entry(kind: EntryKind, status: os.stat_result, top: bytes, path: tuple[bytes, ...]) -> SourceEntry:
    is_file = kind is EntryKind.FILE
    return SourceEntry(
        path=path,
        kind=kind,
        size=status.st_size if is_file else 0,
        mtime_ns=max(-MTIME_NS_MAX, min(status.st_mtime_ns, MTIME_NS_MAX)),
        executable=is_file and bool(status.st_mode & stat.S_IXUSR),
        top=top,
        stamp=_stamp(status),
    )


def _stamp(status: os.stat_result) -> bytes:
    return _STAMP.pack(
        status.st_dev & _U64,
        status.st_ino & _U64,
        status.st_size & _U64,
        status.st_mtime_ns & _U64,
        status.st_ctime_ns & _U64,
    )


@dataclass(frozen=True, slots=True)
class _Folder:
    location: bytes
    descriptor: int


class FileSource:
    """See ports.Source."""

    def __init__(self) -> None:
        self._kept: _Folder | None = None  # of the file before: most likely of the next one, too
        self._guard = threading.Lock()

    def open(self, entry: SourceEntry) -> "OpenFile":
        try:
            opened = OpenFile(self._open(entry.location), entry)
        except OSError as exc:
            raise _unreadable(exc, entry) from exc
        if not opened.is_unchanged():
            opened.close()
            self.rest()
            raise _changed(entry)
        return opened

    def read_whole(self, entry: SourceEntry, buffer: memoryview) -> None:
        assert buffer.nbytes == entry.size
        location = entry.location
        try:
            file = self._open(location)
            try:
                count = os.readv(file, [buffer])
                while count < entry.size and (more := os.preadv(file, [buffer[count:]], count)):
                    count += more
                # After the reading: edited in place shows in the descriptor, replaced shows at the name.
                here, there = os.fstat(file), os.stat(location, follow_symlinks=False)
            finally:
                os.close(file)
        except OSError as exc:
            raise _unreadable(exc, entry) from exc
        if count < entry.size or not _stamp(here) == entry.stamp == _stamp(there):
            self.rest()
            raise _changed(entry)

    def rest(self) -> None:
        self._keep(None)

    def is_gone(self, entry: SourceEntry) -> bool:
        return not os.path.lexists(entry.top)

    def recognise(self, entries: Sequence[SourceEntry]) -> list[SourceEntry]:
        return [_recognised(entry) for entry in entries]

    def _open(self, location: bytes) -> int:
        """Without following a link. Raises OSError.

        A folder that is kept may have been moved since: its file is the one that was offered all the same,
        or its stamp or the look at its name shows that it is not.
        """
        where, _, name = location.rpartition(b"/")
        with self._guard:  # whoever has the folder, has it alone: nobody closes it under somebody's hands
            kept, self._kept = self._kept, None
        if kept is not None and kept.location == where:
            try:
                file = os.open(name, _FILE_FLAGS, dir_fd=kept.descriptor)
                self._keep(kept)
                return file
            except OSError:
                pass  # moved, taken out: what is there now decides
        if kept is not None:
            os.close(kept.descriptor)
        kept = _Folder(where, _open_folder(where))
        try:
            return os.open(name, _FILE_FLAGS, dir_fd=kept.descriptor)
        finally:
            self._keep(kept)

    def _keep(self, folder: _Folder | None) -> None:
        with self._guard:
            before, self._kept = self._kept, folder
        if before is not None:
            os.close(before.descriptor)


def _recognised(entry: SourceEntry) -> SourceEntry:
    """The same file after a remount: devices, and on some disks inodes, have other numbers then."""
    try:
        status = os.stat(entry.location, follow_symlinks=False)
    except OSError:
        return entry
    same = stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == _size_and_mtime(entry)
    return replace(entry, stamp=_stamp(status)) if same else entry


def _size_and_mtime(entry: SourceEntry) -> tuple[int, int]:
    _, _, size, mtime_ns, _ = _STAMP.unpack(entry.stamp)
    return size, mtime_ns - (1 << 64) if mtime_ns >> 63 else mtime_ns


def _unreadable(exc: OSError, entry: SourceEntry) -> EnvironmentProblem:
    return problem_with(exc, f"read {os.fsdecode(entry.location)!r}")


def _changed(entry: SourceEntry) -> FileChanged:
    return FileChanged(
        f"{os.fsdecode(entry.location)!r} was changed since it was offered.",
        safe="It was not sent.",
        do="Send it again.",
    )


class OpenFile:
    """See ports.OpenSource."""

    def __init__(self, file: int, entry: SourceEntry) -> None:
        """Takes over the descriptor `file`."""
        self._file = file
        self._entry = entry
        with suppress(OSError):  # advice only
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        done = 0
        with disk_problems(f"read {os.fsdecode(self._entry.location)!r}"):
            while done < buffer.nbytes:
                count = os.preadv(self._file, [buffer[done:]], offset + done)
                if count == 0:
                    break
                done += count
        return done

    def is_unchanged(self) -> bool:
        """Edited in place shows in the descriptor, replaced by another file shows at the name."""
        try:
            here = os.fstat(self._file)
            there = os.stat(self._entry.location, follow_symlinks=False)
        except OSError:
            return False
        return _stamp(here) == self._entry.stamp == _stamp(there)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _open_folder(location: bytes) -> int:
    """Component by component from the root: no folder on the way may have become a link."""
    folder = os.open(b"/", _FOLDER_FLAGS | os.O_PATH)
    for component in location.split(b"/"):
        if not component:
            continue
        try:
            inner = os.open(component, _FOLDER_FLAGS | os.O_PATH, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder

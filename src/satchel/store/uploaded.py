"""Uploads as something to send: what an offer says of them, and their bytes."""

from collections.abc import Sequence
from dataclasses import replace

from satchel.core.handover.messages import EntryKind
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.ports import OpenSource, Source, SourceEntry
from satchel.ports.uploads import Upload, UploadId
from satchel.store.blobs import BlobReader
from satchel.store.naming import free_among
from satchel.store.upload_names import id_in, name_of
from satchel.store.uploads import SqliteUploads

Path = tuple[bytes, ...]


def survey_uploads(uploads: SqliteUploads, ids: Sequence[bytes], taken: set[bytes]) -> list[SourceEntry]:
    """What these uploads and groups are, as source.survey says it of paths.

    Args:
        taken: names at the top that are used already; theirs are added.
    Raises:
        NothingToDo: one is not here. MisuseError: one is not whole, or lost some to another group.
    """
    entries: list[SourceEntry] = []
    for id in dict.fromkeys(ids):
        uploads.require_undivided(id)
        found = uploads.named(id)
        if not all(upload.is_whole for upload in found):
            raise MisuseError(
                "What is being uploaded is not all here yet.",
                safe="Nothing was sent; what is here stays.",
                do="Wait until it is, or pick the same files again: it goes on where it was.",
            )
        entries += _tree(found, taken)
    return entries


def _tree(found: Sequence[Upload], taken: set[bytes]) -> list[SourceEntry]:
    """Of one group: folders before what is in them."""
    inside = [upload for upload in found if len(upload.path) > 1 or upload.size is None]
    roots = {
        name: _free(name, taken, is_folder=True) for name in sorted({upload.path[0] for upload in inside})
    }
    tree: dict[Path, SourceEntry] = {}
    for upload in inside:
        path = (roots[upload.path[0]], *upload.path[1:])
        for depth in range(1, len(path) + (upload.size is None)):
            above = path[:depth]
            known = tree.get(above)
            if known is None or known.mtime_ns < upload.mtime_ns:  # as new as what is in it
                tree[above] = _entry(replace(upload, size=None), above)
    for upload in found:
        if upload.size is None:
            continue
        if len(upload.path) == 1:
            path = (_free(upload.path[0], taken, is_folder=False),)
        else:
            path = (roots[upload.path[0]], *upload.path[1:])
        if path in tree:  # two of one name: only a page that is not ours brings such
            beside = {other[-1] for other in tree if other[:-1] == path[:-1]}
            path = (*path[:-1], free_among(path[-1], beside, is_folder=False))
        tree[path] = _entry(upload, path)
    return [tree[path] for path in sorted(tree)]


def _free(name: bytes, taken: set[bytes], *, is_folder: bool) -> bytes:
    free = free_among(name, taken, is_folder=is_folder)
    taken.add(free)
    return free


def _entry(upload: Upload, path: Path) -> SourceEntry:
    return SourceEntry(
        path=path,
        kind=EntryKind.FOLDER if upload.size is None else EntryKind.FILE,
        size=upload.size or 0,
        mtime_ns=upload.mtime_ns,
        executable=False,  # no browser tells
        top=name_of(upload.id),
        stamp=b"",  # it does not change
    )


class UploadSource:
    """See ports.Source."""

    def __init__(self, uploads: SqliteUploads) -> None:
        self._uploads = uploads

    def open(self, entry: SourceEntry) -> "OpenUpload":
        id = id_in(entry.top)
        assert id is not None
        try:
            return OpenUpload(self._uploads.open(UploadId(id)))
        except NothingToDo as exc:
            raise EnvironmentProblem(exc.what, safe=exc.safe, do=exc.do) from exc

    def read_whole(self, entry: SourceEntry, buffer: memoryview) -> None:
        opened = self.open(entry)
        try:
            if opened.read_into(0, buffer) < entry.size:
                raise EnvironmentProblem("What was uploaded is shorter than it was.")
        finally:
            opened.close()

    def is_gone(self, entry: SourceEntry) -> bool:  # noqa: ARG002
        return False  # the disk of the profile: without it there is nothing to go on with

    def recognise(self, entries: Sequence[SourceEntry]) -> list[SourceEntry]:
        return list(entries)

    def rest(self) -> None:
        pass


class OpenUpload:
    """See ports.OpenSource."""

    def __init__(self, blob: BlobReader) -> None:
        self._blob = blob

    def read_into(self, offset: int, buffer: memoryview) -> int:
        return self._blob.read_into(offset, buffer)

    def is_unchanged(self) -> bool:
        return True  # each block was opened under its place

    def close(self) -> None:
        self._blob.close()


class AnySource:
    """See ports.Source: files where they lie, and uploads."""

    def __init__(self, files: Source, uploads: Source) -> None:
        self._files = files
        self._uploads = uploads

    def _of(self, entry: SourceEntry) -> Source:
        return self._files if id_in(entry.top) is None else self._uploads

    def open(self, entry: SourceEntry) -> OpenSource:
        return self._of(entry).open(entry)

    def read_whole(self, entry: SourceEntry, buffer: memoryview) -> None:
        self._of(entry).read_whole(entry, buffer)

    def is_gone(self, entry: SourceEntry) -> bool:
        return self._of(entry).is_gone(entry)

    def recognise(self, entries: Sequence[SourceEntry]) -> list[SourceEntry]:
        return [one for entry in entries for one in self._of(entry).recognise([entry])]

    def rest(self) -> None:
        self._files.rest()
        self._uploads.rest()

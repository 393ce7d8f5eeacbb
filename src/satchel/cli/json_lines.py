"""What is offered, and paths, as JSON."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice, starmap

from satchel.core.handover.messages import Entry, EntryKind, Path
from satchel.errors import SatchelError

NULL, BOOLEANS = "null", ("false", "true")  # in JSON


def json_path(path: Path) -> str:
    """A path for JSON: bytes that are not UTF-8 as lone surrogates (U+DC80..U+DCFF), as Python does."""
    return b"/".join(path).decode("utf-8", "surrogateescape")


def json_entry(number: int, entry: Entry, item: int | None) -> str:
    """One of the offered files as JSON, put together by hand: an offer may have 200,000 of them.

    `item`: what to answer to get it; None for a folder that comes along with what is in it.
    """
    return (
        f'{{"item": {NULL if item is None else item}, "number": {number}, '
        f'"path": {json.dumps(json_path(entry.path))}, '
        f'"folder": {BOOLEANS[entry.kind is EntryKind.FOLDER]}, "size": {entry.size}, '
        f'"mtime_ns": {entry.mtime_ns}, "executable": {BOOLEANS[entry.executable]}}}'
    )


def offer_in_parts(entries: Iterable[tuple[int, Entry, int | None]], free_bytes: int) -> Iterator[str]:
    """The line of an offer, a thousand files at a time: at once it would be 30 MB for 200,000."""
    before = '{"event": "offer", "files": ['
    left = iter(entries)
    while page := list(islice(left, 1000)):
        yield before + ", ".join(starmap(json_entry, page))
        before = ", "
    yield f'{before if before != ", " else ""}], "free_bytes": {free_bytes}}}\n'


def sentences(error: SatchelError) -> dict[str, str]:
    """What went wrong; and a word for programs, where one acts differently."""
    told = {"what": error.what, "safe": error.safe, "do": error.do}
    return told if error.reason is None else {**told, "reason": error.reason}

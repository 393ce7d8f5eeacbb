"""What is unfinished is shown in a few words, whatever stands in an offer (M3)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.handover.codec import SIZE_MAX
from satchel.core.handover.messages import EntryKind
from satchel.ports import FileState, RecordEntry
from satchel.store.overview import NAMES_MAX, Overview, Overviews
from satchel.store.records import SqliteRecords
from store.record_samples import ID, OTHER, behind_our_back, entry, head, open_records

NOTHING = Overview(names=(), more=0, files=0, size_bytes=0)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqliteRecords]:
    opened = open_records(tmp_path)
    with closing(opened.database):
        yield opened


def sized(number: int, *path: bytes, size: int = 10, state: FileState = FileState.WANTED) -> RecordEntry:
    return replace(entry(number, *path), size=size, state=state)


def test_names_are_those_at_the_top_of_what_is_wanted(records: SqliteRecords) -> None:
    records.create(
        head(),
        [
            sized(0, b"film"),
            sized(1, b"Trip", b"a"),
            replace(sized(2, b"Trip", b"day 1", size=0), kind=EntryKind.FOLDER),
            sized(3, b"not utf-8 \xff/"[:-1], state=FileState.DONE),
            sized(4, b"advert", state=FileState.REFUSED),
            sized(5, b"and more"),
        ],
    )
    [seen] = Overviews(records.database).of([ID])
    assert seen.names == (b"film", b"Trip", b"not utf-8 \xff", b"and more")
    assert (seen.more, seen.files, seen.size_bytes) == (0, 4, 40)


def test_m3_few_names_and_any_sizes(records: SqliteRecords) -> None:
    """Sizes of peers may add up to more than 63 bits."""
    records.create(head(), [sized(n, b"%d" % n, size=SIZE_MAX) for n in range(3000)])
    [seen] = Overviews(records.database).of([ID])
    assert (len(seen.names), seen.more, seen.files) == (NAMES_MAX, 3000 - NAMES_MAX, 3000)
    assert seen.size_bytes > 1 << 63


def test_each_is_looked_through_once_as_long_as_it_is_there(records: SqliteRecords) -> None:
    overviews = Overviews(records.database)
    records.create(head(), [sized(0, b"film")])
    [first] = overviews.of([ID])
    behind_our_back(records, "DELETE FROM entry")
    assert overviews.of([ID]) == [first]
    assert overviews.of([OTHER]) == [NOTHING]
    assert overviews.of([ID, OTHER]) == [NOTHING, NOTHING]

"""Sealed files of a profile: whole, in their place, and of no use to who has the disk (T1, T2)."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.core.blobs.sealed import BLOCK_BYTES, SEALED_BYTES, sealed_length
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.store.blob_files import remove_unnamed, wipe
from satchel.store.blobs import BlobFolder
from satchel.store.database import Database
from store.record_samples import KEY
from store.upload_samples import Drawn

SIZES = [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 77]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "data", KEY)) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path, database: Database) -> BlobFolder:
    return BlobFolder(tmp_path, database, draw=Drawn())


def content_of(size: int, seed: int = 0) -> bytes:
    return Drawn(str(seed))(size)


def added(folder: BlobFolder, database: Database, size: int) -> int:
    with database.changing() as connection:
        return folder.add(connection, size)


def filled(folder: BlobFolder, database: Database, content: bytes, *, step: int = 1 << 20) -> int:
    key = added(folder, database, len(content))
    pour(folder, key, content, step=step)
    return key


def pour(folder: BlobFolder, key: int, content: bytes, *, step: int = 1 << 20) -> None:
    with closing(folder.write(key)) as writer:
        for at in range(writer.length, len(content), step):
            writer.write(memoryview(content)[at : at + step])
        writer.sync()


def read(folder: BlobFolder, key: int, offset: int = 0, length: int = 1 << 22) -> bytes:
    buffer = bytearray(length)
    with closing(folder.read(key)) as reader:
        return bytes(buffer[: reader.read_into(offset, memoryview(buffer))])


def file_of(folder: BlobFolder, key: int) -> Path:
    return folder.path(folder.find(key).name)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [100_003, 1 << 20])
def test_what_is_written_is_read(folder: BlobFolder, database: Database, size: int, step: int) -> None:
    content = content_of(size)
    key = filled(folder, database, content, step=step)
    assert read(folder, key) == content
    assert folder.find(key).length == size
    if size:
        assert file_of(folder, key).stat().st_size == sealed_length(size)


LONG = content_of(3 * BLOCK_BYTES + 77)


@pytest.fixture
def long(folder: BlobFolder, database: Database) -> int:
    return filled(folder, database, LONG)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(offset=st.integers(0, 4 * BLOCK_BYTES), length=st.integers(0, 3 * BLOCK_BYTES))
def test_any_part_is_read(folder: BlobFolder, long: int, offset: int, length: int) -> None:
    assert read(folder, long, offset, length) == LONG[offset : offset + length]


def test_names_and_modes_say_nothing(folder: BlobFolder, database: Database) -> None:
    """T1: for its owner alone; 32 random digits."""
    before = os.umask(0)
    try:
        key = filled(folder, database, b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700
    file = file_of(folder, key)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name == folder.find(key).name.hex()
    assert len(file.name) == 32


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 2 * BLOCK_BYTES), st.booleans()), max_size=6))
def test_it_goes_on_where_it_was_safe(
    folder: BlobFolder, database: Database, steps: list[tuple[int, bool]]
) -> None:
    """What was not made durable is cut off and comes again, maybe as something else; what was is there."""
    content = content_of(4 * BLOCK_BYTES + 5)
    key, safe = added(folder, database, len(content)), 0
    for count, is_synced in steps:
        writer = folder.write(key)
        assert writer.length == safe
        other = content if is_synced else content_of(len(content), seed=1)
        writer.write(memoryview(other)[safe : safe + count])
        if is_synced:
            safe = writer.sync()
            assert safe % BLOCK_BYTES == 0 or safe == len(content)
            writer.close()
        else:
            writer._flush()
            os.close(writer._file)  # as `kill -9` leaves it
        assert folder.find(key).length == safe
    pour(folder, key, content)
    assert read(folder, key) == content


def test_no_block_is_ever_sealed_twice_under_one_key(folder: BlobFolder, database: Database) -> None:
    """T1: who copied the disk before and after a crash has two ciphertexts of one place, and no key was used
    for both: the same content looks different."""
    content = content_of(2 * BLOCK_BYTES)
    key = added(folder, database, len(content))
    writer = folder.write(key)
    writer.write(memoryview(content)[:BLOCK_BYTES])
    writer._flush()
    first = file_of(folder, key).read_bytes()
    os.close(writer._file)
    pour(folder, key, content)
    second = file_of(folder, key).read_bytes()[:SEALED_BYTES]
    assert len(first) == len(second) == SEALED_BYTES
    assert not {first[at : at + 16] for at in range(0, SEALED_BYTES, 16)} & {
        second[at : at + 16] for at in range(0, SEALED_BYTES, 16)
    }


def test_who_has_the_disk_changes_nothing_unseen(folder: BlobFolder, database: Database) -> None:
    """T1: blocks swapped, repeated, cut off, put back from before, and those of another blob."""
    content = content_of(4 * BLOCK_BYTES)
    key, other = (filled(folder, database, one) for one in (content, content_of(4 * BLOCK_BYTES, seed=1)))
    file = file_of(folder, key)
    good = file.read_bytes()
    blocks = [good[at : at + SEALED_BYTES] for at in range(0, len(good), SEALED_BYTES)]
    theirs = file_of(folder, other).read_bytes()[:SEALED_BYTES]
    for changed in (
        [blocks[1], blocks[0], *blocks[2:]],
        [blocks[0], blocks[0], *blocks[2:]],
        [theirs, *blocks[1:]],
        blocks[:3],
        [*blocks[:3], blocks[3][:-1]],
        [blocks[0][:100] + b"\0" + blocks[0][101:], *blocks[1:]],
        [],
    ):
        file.write_bytes(b"".join(changed))
        with pytest.raises(EnvironmentProblem, match="damaged"):
            read(folder, key)
    file.write_bytes(good + b"more")
    assert read(folder, key) == content
    file.unlink()
    with pytest.raises(EnvironmentProblem, match="not there"):
        read(folder, key)


def test_what_is_shorter_than_it_was_is_not_gone_on_with(folder: BlobFolder, database: Database) -> None:
    key = added(folder, database, 3 * BLOCK_BYTES)
    with closing(folder.write(key)) as writer:
        writer.write(memoryview(bytes(2 * BLOCK_BYTES)))
        writer.sync()
    os.truncate(file_of(folder, key), SEALED_BYTES)
    with pytest.raises(EnvironmentProblem, match="damaged"):
        folder.write(key)
    assert not folder.has_all_of(folder.find(key))
    folder.begin_anew(folder.find(key))
    pour(folder, key, bytes(3 * BLOCK_BYTES))
    assert read(folder, key) == bytes(3 * BLOCK_BYTES)


def test_more_than_was_said_is_refused(folder: BlobFolder, database: Database) -> None:
    key = added(folder, database, 10)
    with closing(folder.write(key)) as writer:
        writer.write(memoryview(bytes(6)))
        with pytest.raises(MisuseError, match="More bytes"):
            writer.write(memoryview(bytes(5)))
        writer.write(memoryview(bytes(4)))
        assert writer.sync() == 10


def test_a_full_disk_costs_only_what_was_not_safe(
    folder: BlobFolder, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = content_of(8 * BLOCK_BYTES)
    key = added(folder, database, len(content))
    pwrite = os.pwrite

    def full(file: int, data: memoryview, at: int) -> int:
        if at >= 4 * SEALED_BYTES:
            raise OSError(28, "No space left on device")
        return pwrite(file, data, at)

    with monkeypatch.context() as then:
        then.setattr(os, "pwrite", full)
        writer = folder.write(key)
        writer.write(memoryview(content)[: 4 * BLOCK_BYTES])
        assert writer.sync() == 4 * BLOCK_BYTES
        with pytest.raises(EnvironmentProblem, match="the disk is full") as caught:
            writer.write(memoryview(content)[4 * BLOCK_BYTES :])
        assert caught.value.disk_full
        writer.close()
    assert folder.find(key).length == 4 * BLOCK_BYTES
    pour(folder, key, content)
    assert read(folder, key) == content


def test_files_that_nothing_names_go_at_the_start(
    folder: BlobFolder, database: Database, tmp_path: Path
) -> None:
    """T2: an erasing that was cut off between the key and the file."""
    kept, gone = (filled(folder, database, name) for name in (b"kept", b"gone"))
    name = folder.find(gone).name
    with database.changing(erasing=True) as connection:
        connection.execute("DELETE FROM blob WHERE key = ?", (gone,))
    remove_unnamed(tmp_path, database)
    assert not folder.path(name).exists()
    assert read(folder, kept) == b"kept"
    with pytest.raises(NothingToDo):
        folder.read(gone)
    with database.changing(erasing=True) as connection:
        connection.execute("DELETE FROM blob")
    remove_unnamed(tmp_path, database)
    assert not folder.folder.exists()
    remove_unnamed(tmp_path, database)


def test_a_link_in_place_of_the_folder_leads_nobody_astray(
    folder: BlobFolder, database: Database, tmp_path: Path
) -> None:
    """M4: nothing is written, and nothing removed, where it leads."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a file").write_bytes(b"of somebody")
    folder.folder.symlink_to(elsewhere)
    key = added(folder, database, 5)
    with pytest.raises(EnvironmentProblem):
        folder.write(key)
    with pytest.raises(EnvironmentProblem):
        remove_unnamed(tmp_path, database)
    wipe(tmp_path)
    assert not folder.folder.is_symlink()
    assert os.listdir(elsewhere) == ["a file"]

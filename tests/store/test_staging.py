"""Files that are open while others let go of them."""

import errno
import os
from pathlib import Path

import pytest

from satchel.store.staging import OPEN_FILES_MAX, Staging

ID = bytes(16)


def staging_in(folder: Path) -> Staging:
    staging = Staging.open(os.open(folder, os.O_RDONLY), ID, create=True)
    assert staging is not None
    return staging


def assert_closed(descriptor: int) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(descriptor)


def test_a_file_that_is_released_while_it_is_used_is_closed_by_its_last_user(tmp_path: Path) -> None:
    staging = staging_in(tmp_path)
    with staging.opened(1, create=True) as outer:
        with staging.opened(1, create=True) as inner:
            assert inner == outer
            staging.release(1)
        os.fstat(outer)
    assert_closed(outer)
    staging.close(remove=True)


def test_one_of_too_many_is_closed_when_it_is_not_used_any_more(tmp_path: Path) -> None:
    staging = staging_in(tmp_path)
    with staging.opened(0, create=True) as oldest:
        for number in range(1, OPEN_FILES_MAX + 1):
            with staging.opened(number, create=True):
                pass
        os.write(oldest, b"still mine")
    assert_closed(oldest)
    with staging.opened(0, create=False) as again:
        assert os.fstat(again).st_size == len(b"still mine")
    staging.close(remove=True)

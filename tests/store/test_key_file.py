"""The key file on a disk: whole at any moment, for its owner only, gone when it is wiped."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from satchel.core.identity.keyfile import KEY_FILE_BYTES_MAX
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.store.key_file import create_key_file, read_key_file, replace_key_file, wipe_key_file

OLD, NEW = b"old" * 40, b"new" * 41

REPLACING = """
import itertools, sys
from pathlib import Path
from satchel.store.key_file import replace_key_file
home = Path(sys.argv[1])
for number in itertools.count():
    replace_key_file(home, b"%d:" % number + b"x" * (number % 200) + b"!")
    if not number:
        print("ready", flush=True)
"""


def test_it_is_made_read_and_replaced(tmp_path: Path) -> None:
    home = tmp_path / "new" / "profile"
    assert read_key_file(home) is None
    create_key_file(home, OLD)
    assert read_key_file(home) == OLD
    replace_key_file(home, NEW)
    assert read_key_file(home) == NEW
    assert os.listdir(home) == ["key"]


def test_t1_it_is_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "profile"
    before = os.umask(0)
    try:
        create_key_file(home, OLD)
        assert (home / "key").stat().st_mode & 0o777 == 0o600
        (home / "key.next").write_bytes(b"left by a killed program")
        (home / "key.next").chmod(0o644)
        replace_key_file(home, NEW)
    finally:
        os.umask(before)
    assert (home / "key").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700


def test_one_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    create_key_file(tmp_path, OLD)
    with pytest.raises(MisuseError, match="already"):
        create_key_file(tmp_path, NEW)
    assert read_key_file(tmp_path) == OLD
    assert os.listdir(tmp_path) == ["key"]


def test_there_is_nothing_to_replace_where_there_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem):
        replace_key_file(tmp_path, NEW)
    assert os.listdir(tmp_path) == []


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"not ours")
    home = tmp_path / "profile"
    home.mkdir()
    (home / "key").symlink_to(elsewhere)
    with pytest.raises(EnvironmentProblem):
        read_key_file(home)
    with pytest.raises(EnvironmentProblem):
        replace_key_file(home, NEW)
    with pytest.raises(EnvironmentProblem):
        wipe_key_file(home)
    assert elsewhere.read_bytes() == b"not ours"


def test_no_more_is_read_than_a_key_file_may_have(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(bytes(100_000))
    assert len(read_key_file(tmp_path) or b"") == KEY_FILE_BYTES_MAX + 1


def test_a_pipe_in_its_place_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")
    with contextlib.suppress(EnvironmentProblem):
        assert read_key_file(tmp_path) == b""


# --- what is let go of ---------------------------------------------------------------------------


def test_t3_a_wipe_leaves_nothing_of_it(tmp_path: Path) -> None:
    """Also what a killed program was about to write. Seen through a descriptor, as a disk keeps it."""
    create_key_file(tmp_path, OLD)
    (tmp_path / "key.next").write_bytes(NEW)
    kept = [os.open(tmp_path / name, os.O_RDONLY) for name in ("key", "key.next")]
    wipe_key_file(tmp_path)
    assert os.listdir(tmp_path) == []
    for file in kept:
        assert set(os.read(file, 4096)) == {0}
        os.close(file)
    wipe_key_file(tmp_path)  # once more is no error
    wipe_key_file(tmp_path / "never")


def test_t2_the_one_of_before_is_overwritten(tmp_path: Path) -> None:
    create_key_file(tmp_path, OLD)
    before = os.open(tmp_path / "key", os.O_RDONLY)
    replace_key_file(tmp_path, NEW)
    assert set(os.read(before, 4096)) == {0}
    os.close(before)


def test_a_backup_of_hard_links_keeps_the_one_of_before(tmp_path: Path) -> None:
    """It was made of a whole profile, and must still open."""
    create_key_file(tmp_path, OLD)
    os.link(tmp_path / "key", tmp_path / "backup")
    replace_key_file(tmp_path, NEW)
    assert (tmp_path / "backup").read_bytes() == OLD


def test_kill_nine_leaves_a_whole_one(tmp_path: Path) -> None:
    chance = random.Random(3)
    create_key_file(tmp_path, b"0:!")
    numbers: set[bytes] = set()
    for _ in range(15):
        with subprocess.Popen(
            [sys.executable, "-c", REPLACING, str(tmp_path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        ) as replacing:
            assert replacing.stdout is not None
            assert replacing.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.03))
            replacing.send_signal(signal.SIGKILL)
        found = read_key_file(tmp_path) or b""
        number, _, rest = found.partition(b":")
        assert rest == b"x" * (int(number) % 200) + b"!"
        numbers.add(number)
    assert len(numbers) > 1

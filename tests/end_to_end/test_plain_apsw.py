"""T1: the real plain `apsw` in the place of ours, as `pip install apsw` would put it there.

It has the same module name, and takes the cipher's settings without a word: it would write in clear.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.running import DEV

PLAIN = DEV / "plain-apsw"
SETTINGS = """
import apsw, sys
database = apsw.Connection(sys.argv[1])
database.pragma("cipher", "chacha20")
database.pragma("key", "raw:" + "11" * 32)
database.execute("CREATE TABLE t (x)")
"""

pytestmark = pytest.mark.lab


def run(*arguments: str, library: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **({"PYTHONPATH": str(library)} if library else {})}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def contents(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.iterdir()} if home.exists() else {}


def test_plain_apsw_is_told_in_one_sentence_and_changes_nothing(tmp_path: Path) -> None:
    if not (PLAIN / "apsw").is_dir():
        assert os.environ.get("CI") != "true", "dev.py test puts it there"
        pytest.skip("no plain apsw: `python3 dev.py test` puts it there")
    trap = tmp_path / "trap"
    assert run("-c", SETTINGS, str(trap), library=PLAIN).returncode == 0
    assert trap.read_bytes().startswith(b"SQLite format 3\0")  # the trap is real
    home = tmp_path / "profile"
    program = ("-m", "satchel.cli.main")
    for made in (False, True):
        if made:
            assert run(*program, "send", "--home", str(home)).returncode == 5
        before = contents(home)
        for command in ("send", "receive", "init", "passphrase"):
            done = run(*program, command, "--home", str(home), library=PLAIN)
            if command == "passphrase" and not made:
                assert done.returncode == 5
                continue
            if command == "init" and made:
                assert done.returncode == 2
                continue
            assert done.returncode == 1, done.stderr
            assert "plain `apsw` was installed over" in done.stderr
            assert len(done.stderr.splitlines()) == 3
        assert contents(home) == before

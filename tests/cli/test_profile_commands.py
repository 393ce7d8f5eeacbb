"""init, passphrase, lock, wipe, backup, restore, --ephemeral: whole programs, for scripts and people."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from satchel.cli import profile
from satchel.cli.passphrases import draw_words
from satchel.core.identity.backup import encode_head
from satchel.core.identity.keyfile import (
    KEY_BYTES,
    MEMORY_KIB_MAX,
    MEMORY_KIB_MIN,
    Bare,
    Cost,
    Sealed,
    decode,
    encode,
    seal,
)
from satchel.core.pairing.words import word_at
from satchel.node import clock
from satchel.node.doctor import machine
from satchel.store.profile import ProfileFolder
from store.upload_samples import bring, uploads_of

pytestmark = pytest.mark.slow  # a whole program for each command

PROGRAM = [sys.executable, "-m", "satchel.cli.main"]
PHRASE, OTHER = "correct horse battery", "another long phrase"


def make_sealed(home: Path) -> None:
    """As `init` does under PHRASE, at the least cost, where it is not about that."""
    cost, key = Cost(memory_kib=MEMORY_KIB_MIN, passes=1, lanes=1), os.urandom(KEY_BYTES)
    with closing(ProfileFolder.take(home)) as folder:
        folder.create(encode(seal(key, PHRASE, salt=os.urandom(16), cost=cost)), key)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "profile"


class Done:
    def __init__(self, run: subprocess.CompletedProcess[str]) -> None:
        self.code = run.returncode
        self.complaints = run.stderr
        self.events: list[dict[str, Any]] = [json.loads(line) for line in run.stdout.splitlines()]

    @property
    def names(self) -> list[str]:
        return [event["event"] for event in self.events]


def satchel(home: Path, *words: str, lines: tuple[str, ...] = ()) -> Done:
    line = [*PROGRAM, *words, "--json", "--home", str(home)]
    typed = "".join(f"{each}\n" for each in lines)
    return Done(subprocess.run(line, input=typed, capture_output=True, text=True, check=False, timeout=120))


def test_a_profile_under_a_passphrase(home: Path) -> None:
    """T1: nothing is done with it without the passphrase, which is in no file of it."""
    made = satchel(home, "init", lines=(PHRASE,))
    assert (made.code, made.names) == (0, ["ask", "done"])
    assert isinstance(decode((home / "key").read_bytes()), Sealed)
    assert not any(PHRASE.encode() in path.read_bytes() for path in home.iterdir())
    before = {path.name: path.read_bytes() for path in home.iterdir() if path.name != "lock"}
    wrong = satchel(home, "send", lines=("Correct horse battery",))
    assert (wrong.code, wrong.names) == (4, ["ask", "error"])
    assert {path.name: path.read_bytes() for path in home.iterdir() if path.name != "lock"} == before
    none = satchel(home, "send")
    assert (none.code, none.names) == (5, ["ask", "error"])
    right = satchel(home, "send", lines=(PHRASE,))
    assert (right.code, right.names) == (5, ["ask", "error"])
    assert "unfinished" in right.events[-1]["what"]


def test_the_code_is_the_line_after_the_passphrase(home: Path, tmp_path: Path) -> None:
    make_sealed(home)
    asked = satchel(home, "receive", "--into", str(tmp_path / "into"), lines=(PHRASE, "no code"))
    assert asked.code == 2
    assert "whole code" in asked.events[-1]["what"]


@pytest.mark.slow
def test_the_offered_words_are_taken_by_an_empty_line(home: Path) -> None:
    made = satchel(home, "init", lines=("",))
    offered = made.events[0]["offered"]
    assert len(offered.split()) == 5
    assert satchel(home, "send", lines=(offered,)).code == 5
    again = satchel(home, "init", lines=("",))
    assert again.code == 2
    assert "already" in again.events[-1]["what"]


def test_the_words_are_drawn_from_all_of_them() -> None:
    assert draw_words(bytes(7)) == " ".join([word_at(0)] * 5)
    assert draw_words(b"\xff" * 7) == " ".join([word_at(1023)] * 5)
    assert draw_words((1 << 40).to_bytes(7, "big")).split()[4] == word_at(1)


def test_a_weak_passphrase_is_refused(home: Path) -> None:
    made = satchel(home, "init", lines=("1234567",))
    assert made.code == 2
    assert satchel(home, "passphrase").code == 5  # nothing was made
    assert not (home / "key").exists()


def test_no_passphrase_is_said_at_every_start(home: Path) -> None:
    made = satchel(home, "init", "--no-passphrase")
    assert (made.code, made.names) == (0, ["warning", "done"])
    assert isinstance(decode((home / "key").read_bytes()), Bare)
    for command in ("send", "receive"):
        said = satchel(home, command)
        assert said.names[0] == "warning"
        assert "no passphrase" in said.events[0]["what"]


def test_a_profile_is_made_by_its_first_use(home: Path) -> None:
    assert satchel(home, "send").names == ["warning", "error"]
    key = (home / "key").read_bytes()
    assert satchel(home, "send").names == ["warning", "error"]
    assert (home / "key").read_bytes() == key


@pytest.mark.slow
@pytest.mark.parametrize("before", [(), (PHRASE,)])
def test_another_passphrase(home: Path, before: tuple[str, ...]) -> None:
    satchel(home, "init", *([] if before else ["--no-passphrase"]), lines=before)
    changed = satchel(home, "passphrase", lines=(*before, OTHER))
    assert changed.code == 0
    assert satchel(home, "send", lines=(OTHER,)).code == 5
    assert satchel(home, "send", lines=(PHRASE,)).code == 4


def test_ephemeral_leaves_nothing(home: Path, tmp_path: Path) -> None:
    said = satchel(home, "send", "--ephemeral")
    assert (said.code, said.names) == (5, ["error"])
    assert not home.exists()
    for command in ("init", "passphrase", "wipe", "lock", "backup", "restore"):
        file = [str(tmp_path / "file")] if command in ("backup", "restore") else []
        assert satchel(home, command, *file, "--ephemeral").code == 2
    assert not home.exists()


def test_a_second_process_is_told(home: Path) -> None:
    """And `lock` ends the first: the keys are in no memory any more."""
    satchel(home, "init", "--no-passphrase")
    line = [*PROGRAM, "receive", "--home", str(home), "--into", str(home / "into")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        assert first.stderr is not None
        assert b"no passphrase" in first.stderr.readline()
        second = satchel(home, "send")
        assert (second.code, second.names) == (1, ["error"])
        assert "already" in second.events[0]["what"]
        assert satchel(home, "lock").code == 0
        assert first.wait(20) == 1
    assert satchel(home, "lock").code == 5
    assert satchel(home, "send").code == 5


def test_what_nobody_sent_is_said_to_be_gone(home: Path) -> None:
    """Of what the owner's page had brought: how much, and why."""
    satchel(home, "init", "--no-passphrase")
    with closing(ProfileFolder.take(home)) as folder:
        file = decode(folder.read_key_file() or b"")
        assert isinstance(file, Bare)
        with closing(folder.open(file.key)) as database:
            uploads = uploads_of(home, database, now_s=clock.wall_s() - 8 * 86_400)
            for name in (b"a", b"b"):
                bring(uploads, (name,), b"content")
    warnings = [told for told in satchel(home, "queue", "list").events if told["event"] == "warning"]
    assert "2 uploads" in warnings[-1]["what"]
    assert "seven days" in warnings[-1]["what"]
    assert not any((home / "blobs").iterdir())
    assert len([told for told in satchel(home, "queue", "list").events if told["event"] == "warning"]) == 1


@pytest.mark.slow
def test_a_backup_is_restored_elsewhere(home: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "backup", tmp_path / "restored"
    satchel(home, "init", lines=(PHRASE,))
    assert satchel(home, "backup", str(file), lines=(PHRASE,)).code == 0
    kept = file.read_bytes()
    assert satchel(home, "backup", str(file), lines=(PHRASE,)).code == 2
    assert file.read_bytes() == kept
    wrong = satchel(other, "restore", str(file), lines=(OTHER,))
    assert wrong.code == 4
    assert not other.exists()
    assert satchel(other, "restore", str(file), lines=(PHRASE,)).code == 0
    assert satchel(other, "send", lines=(PHRASE,)).code == 5
    assert satchel(other, "restore", str(file), lines=(PHRASE,)).code == 2
    file.write_bytes(kept[:3000])
    damaged = satchel(tmp_path / "third", "restore", str(file), lines=(PHRASE,))
    assert damaged.code == 1
    assert "backup is damaged" in damaged.events[-1]["what"]
    assert not (tmp_path / "third" / "key").exists()
    begins = kept.index(b"backup 1") + 10
    file.write_bytes(kept[:begins] + bytes(4) + kept[begins + 4 :])
    damaged = satchel(tmp_path / "third", "restore", str(file))
    assert damaged.code == 1
    assert "backup is damaged" in damaged.events[-1]["what"]
    file.write_bytes(b"something else")
    assert satchel(tmp_path / "third", "restore", str(file)).code == 1


@pytest.mark.slow
def test_a_backup_has_a_passphrase_also_where_the_profile_has_none(home: Path, tmp_path: Path) -> None:
    """T1: a stick is lost more easily than a device."""
    file = tmp_path / "backup"
    satchel(home, "init", "--no-passphrase")
    key = decode((home / "key").read_bytes())
    assert isinstance(key, Bare)
    assert satchel(home, "backup", str(file), lines=(OTHER,)).code == 0
    assert key.key not in file.read_bytes()
    assert satchel(tmp_path / "restored", "restore", str(file), lines=(OTHER,)).code == 0
    assert satchel(home, "send").names == ["warning", "error"]


def test_p3_a_backup_that_asks_for_more_memory_than_there_is(tmp_path: Path) -> None:
    """Whoever made it: before a passphrase is asked for, and before Argon2 begins."""
    cost = Cost(memory_kib=MEMORY_KIB_MAX, passes=64, lanes=1)
    file = tmp_path / "backup"
    file.write_bytes(encode_head(encode(Sealed(cost=cost, salt=bytes(16), box=bytes(48)))) + bytes(8192))
    script = (
        "import sys; from satchel.cli import restore_cmd; from satchel.cli.main import main\n"
        "restore_cmd.memory_kib = lambda: 1 << 20\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    line = [sys.executable, "-c", script, "restore", str(file), "--json", "--home", str(tmp_path / "new")]
    done = Done(subprocess.run(line, input="x\n", capture_output=True, text=True, check=False, timeout=60))
    assert (done.code, done.names) == (1, ["error"])
    assert "4096 MiB" in done.events[0]["what"]
    assert not (tmp_path / "new").exists()


def test_t3_wiped(home: Path) -> None:
    """Without the passphrase, which a person at the door may not give, and only when it is meant."""
    make_sealed(home)
    assert satchel(home, "wipe", lines=("no",)).code == 4
    assert (home / "key").exists()
    assert satchel(home, "wipe", lines=("wipe",)).code == 0
    assert not home.exists()
    assert satchel(home, "wipe", "--yes").code == 5


def test_a_wipe_ends_who_holds_it_and_takes_what_is_damaged(home: Path) -> None:
    satchel(home, "init", "--no-passphrase")
    line = [*PROGRAM, "receive", "--home", str(home), "--into", str(home.parent / "into")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        assert first.stderr is not None
        assert b"no passphrase" in first.stderr.readline()
        assert satchel(home, "wipe", "--yes").code == 0
        assert first.wait(20) == 1
    assert not home.exists()
    home.mkdir()
    (home / "key").write_bytes(b"damaged")
    assert satchel(home, "send").code == 1
    assert satchel(home, "wipe", "--yes").code == 0
    assert not home.exists()


def test_t1_swap_that_is_not_encrypted_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "open_swaps", lambda: ("/swapfile",))
    monkeypatch.setattr(profile, "can_keep_out_of_swap", lambda: True)
    assert profile.keys_may_be_swapped() is None
    monkeypatch.setattr(profile, "can_keep_out_of_swap", lambda: False)
    said = profile.keys_may_be_swapped()
    assert said is not None
    assert "/swapfile" in said.what
    monkeypatch.setattr(machine, "open_swaps", lambda: ())
    assert profile.keys_may_be_swapped() is None


def test_a_damaged_key_file_is_told(home: Path) -> None:
    satchel(home, "init", "--no-passphrase")
    (home / "key").write_bytes(b"\xa0")
    said = satchel(home, "send")
    assert said.code == 1
    assert all(said.events[-1][field] for field in ("what", "safe", "do"))


def test_in_a_terminal_what_is_typed_is_not_shown(home: Path) -> None:
    """And it is asked for twice: a mistake would lock the person out."""
    ours, theirs = pty.openpty()
    line = [*PROGRAM, "init", "--home", str(home)]
    with subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs) as program:
        os.close(theirs)
        screen = ""
        for asked, typed in (
            ("(Enter takes the offered one): ", PHRASE),
            ("locks you out: ", OTHER),
            ("(Enter takes the offered one): ", PHRASE),
            ("locks you out: ", PHRASE),
        ):
            screen += until(ours, asked)
            os.write(ours, f"{typed}\n".encode())
        screen += until(ours, "Done: the profile is made.")
        assert program.wait(60) == 0
    os.close(ours)
    assert PHRASE not in screen
    assert OTHER not in screen
    assert "not the same" in screen
    assert satchel(home, "send", lines=(PHRASE,)).code == 5


def until(terminal: int, end: str) -> str:
    """What appears, up to `end`."""
    screen, until_s = "", time.monotonic() + 60
    while end not in screen:
        assert time.monotonic() < until_s, screen
        if select.select([terminal], [], [], 0.3)[0]:
            screen += os.read(terminal, 4096).decode()
    return screen

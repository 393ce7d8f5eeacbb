"""A letter in the person's own editor: no disk gets a word of it (T1, T2; cli 3.6, decision record 0223)."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from satchel.cli.editor import read_letter, words
from satchel.confinement.landlock import can_confine_writes
from satchel.store.memory_folder import is_in_memory

LIMIT_S = 20.0
NO_PLACE = not (can_confine_writes() and is_in_memory("/dev/shm"))
ASK = """
import sys
from satchel.cli.editor import read_letter
from satchel.errors import MisuseError
try:
    print("got", ascii(read_letter(1000)))
except MisuseError as refused:
    print("refused", refused.what)
"""
HUNG_UP = """
import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may be deaf to it (nohup)
"""
NO_MEMORY = """
from satchel.store import memory_folder
memory_folder.is_in_memory = lambda _path: False
"""


def written_with(
    script: str,
    tmp_path: Path,
    *,
    typed: bytes = b"",
    chosen: str = "VISUAL",
    line: str | None = None,
    before: str = "",
) -> str:
    """What comes of it in a terminal, where the editor is this shell script, with the file as its $1."""
    editor = tmp_path / "my editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o700)
    runtime = {name: value for name, value in os.environ.items() if name not in ("VISUAL", "EDITOR")}
    environment = runtime | {
        chosen: line or f"'{editor}' --wait",
        "EVIL": str(tmp_path / "evil"),
        "COLUMNS": "200",
    }
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", before + ASK], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as running:
        os.close(slave)
        os.write(master, typed)
        said, until_s = b"", time.monotonic() + LIMIT_S
        while time.monotonic() < until_s and select.select([master], [], [], LIMIT_S)[0]:
            try:
                said += os.read(master, 65536)
            except OSError:  # it has ended
                break
        assert running.wait(LIMIT_S) == 0, said
    os.close(master)
    return said.decode().replace("\r\n", "\n")


def left() -> set[str]:
    places = [place for place in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm") if place]
    return {name for place in places for name in os.listdir(place) if name.startswith("satchel-")}


@pytest.mark.skipif(NO_PLACE, reason="no Landlock, or no tmpfs")
def test_t2_the_editor_writes_where_no_disk_is_and_nowhere_else(tmp_path: Path) -> None:
    """A copy that it wants to keep beside it, or in its own folder, is refused, or goes with the rest."""
    before = left()
    script = """test "$1" = --wait; shift
        printf "Salam,\\nit is me.\\n" >"$1"; cp "$1" "$1~"
        mkdir "$TMPDIR/swap"; cp "$1" "$TMPDIR/swap/x"; cp "$1" "$EVIL" || echo refused
        stat -fc %T "$1"; stat -c %a "$1" "$TMPDIR" """
    said = written_with(script, tmp_path)
    assert said.endswith("refused\ntmpfs\n600\n700\ngot 'Salam,\\nit is me.\\n'\n")
    assert not (tmp_path / "evil").exists()
    assert left() == before


@pytest.mark.skipif(NO_PLACE, reason="no Landlock, or no tmpfs")
def test_t2_a_terminal_that_is_closed_leaves_no_word(tmp_path: Path) -> None:
    """Whoever shuts the window, or loses the connection to the machine, has not been asked anything."""
    before, editor = left(), tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\ntrap "" HUP\nprintf secret >"$1"\necho ready\nexec sleep {LIMIT_S}\n')
    editor.chmod(0o700)
    environment = os.environ | {"VISUAL": str(editor)}
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", HUNG_UP + ASK], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as running:
        os.close(slave)
        said = b""
        while b"ready" not in said and select.select([master], [], [], LIMIT_S)[0]:
            said += os.read(master, 65536)
        assert left() != before, said
        running.send_signal(signal.SIGHUP)
        running.wait(LIMIT_S)
    os.close(master)
    assert left() == before


@pytest.mark.skipif(NO_PLACE, reason="no Landlock, or no tmpfs")
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "refused The editor ended with code 3."),
        ("true", "refused Nothing was written in the editor."),
        ("printf ' \\n' >$2", "refused Nothing was written in the editor."),
        ("rm $2", "refused Nothing was written in the editor."),
        ("rm $2; mkdir $2", "refused Nothing was written in the editor."),
        ("printf '\\377' >$2", "got None"),
        ("head -c 1001 /dev/zero | tr '\\0' x >$2", "got None"),
        ("mv $2 $2~; printf new >$2", "got 'new'"),
    ],
)
def test_what_is_not_written_is_no_letter(script: str, told: str, tmp_path: Path) -> None:
    before = left()
    assert written_with(script, tmp_path, chosen="EDITOR").splitlines()[-1] == told
    assert left() == before


@pytest.mark.skipif(NO_PLACE, reason="no Landlock, or no tmpfs")
def test_an_editor_that_is_not_there_is_told(tmp_path: Path) -> None:
    said = written_with("true", tmp_path, line="/no/such-editor")
    assert said.splitlines() == [
        "/no/such-editor: No such file or directory",
        "refused The editor ended with code 127.",
    ]


def test_where_it_cannot_be_held_the_terminal_is_read(tmp_path: Path) -> None:
    """A disk would get the letter: an editor is not worth that."""
    said = written_with("echo edited >$2", tmp_path, typed=b"typed\n\x04", before=NO_MEMORY)
    assert "Your editor is not started" in said
    assert said.splitlines()[-1] == "got 'typed\\n'"


def test_without_a_terminal_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script pipes its text in, whatever the person likes to edit with."""
    monkeypatch.setenv("VISUAL", "false")
    reading, writing = os.pipe()
    kept = os.dup(0)
    os.dup2(reading, 0)
    try:
        os.write(writing, b"piped")
        os.close(writing)
        assert read_letter(100) == "piped"
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)


@pytest.mark.parametrize(
    ("visual", "editor", "line"),
    [
        (None, None, []),
        ("", "", []),
        (None, "vi", ["vi"]),
        ("code --wait", "vi", ["code", "--wait"]),
        ("'my editor' -x", None, ["my editor", "-x"]),
        ("a 'quotation", "vi", []),
    ],
)
def test_the_editor_is_the_one_that_was_chosen(
    visual: str | None, editor: str | None, line: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("VISUAL", visual), ("EDITOR", editor)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert words() == line

"""A profile in clumsy hands, and in a bad moment: one clear sentence each, and nothing changed (T1, T3)."""

import argparse
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from satchel.cli import passphrase_cmd, wipe_cmd
from satchel.cli.home import home_folder
from satchel.cli.undisturbed import undisturbed
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.store.profile import ProfileFolder

pytestmark = pytest.mark.slow  # a whole program for each command

PROGRAM = [sys.executable, "-m", "satchel.cli.main"]


def satchel(
    *words: str, typed: bytes = b"", variables: Mapping[str, str | bytes] = MappingProxyType({})
) -> "subprocess.CompletedProcess[bytes]":
    environment = {**os.environb, **{os.fsencode(name): os.fsencode(v) for name, v in variables.items()}}
    return subprocess.run(
        [*PROGRAM, *words], input=typed, env=environment, capture_output=True, check=False, timeout=120
    )


def sentences(done: "subprocess.CompletedProcess[bytes]") -> list[str]:
    return done.stderr.decode().splitlines()


def test_t1_a_passphrase_in_an_older_alphabet_is_refused(tmp_path: Path) -> None:
    """Each of its letters would be the same sign: eight of any opened what was under eight of others."""
    home = ("--home", str(tmp_path / "profile"))
    russian = "длинная фраза".encode("koi8-r")
    made = satchel("init", *home, typed=russian + b"\n")
    assert made.returncode == 2
    assert "not UTF-8" in made.stderr.decode()
    assert not (tmp_path / "profile" / "key").exists()
    assert satchel("init", *home, typed="длинная фраза\n".encode()).returncode == 0
    assert satchel("send", *home, typed=russian + b"\n").returncode == 2
    assert satchel("send", *home, typed="длинная фраза\n".encode()).returncode == 5


def test_a_variable_without_a_value_wipes_nothing(tmp_path: Path) -> None:
    """`satchel wipe --yes --home "$UNSET"` is not about the usual profile."""
    usual: dict[str, str | bytes] = {
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        "SATCHEL_HOME": "",
    }
    assert satchel("init", "--no-passphrase", variables=usual).returncode == 0
    for command in (("wipe", "--yes"), ("lock",), ("send",)):
        done = satchel(*command, "--home", "", variables=usual)
        assert done.returncode == 2
        assert sentences(done)[0] == "--home names no folder."
    assert (tmp_path / "satchel" / "key").exists()


def test_a_machine_that_knows_no_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SATCHEL_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a number without a name, as in a container
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(EnvironmentProblem, match="where your data belongs"):
        home_folder(None)
    with pytest.raises(MisuseError):
        home_folder("")


@pytest.mark.parametrize("command", ["init", "send", "wipe", "passphrase", "lock"])
def test_a_name_that_is_too_long_is_told(tmp_path: Path, command: str) -> None:
    done = satchel(command, "--home", str(tmp_path / ("n" * 300)))
    assert done.returncode == 1
    assert len(sentences(done)) == 3
    assert "too long" in done.stderr.decode()


def test_a_backup_of_too_long_a_name_is_told(tmp_path: Path) -> None:
    done = satchel("backup", str(tmp_path / ("n" * 300)), "--home", str(tmp_path / "profile"))
    assert done.returncode == 1
    assert "too long" in done.stderr.decode()


def test_a_profile_under_a_name_of_any_bytes(tmp_path: Path) -> None:
    home = bytes(tmp_path) + b"/a \xff%"
    assert satchel("init", "--no-passphrase", variables={"SATCHEL_HOME": home}).returncode == 0
    assert satchel("wipe", "--yes", variables={"SATCHEL_HOME": home}).returncode == 0
    assert not os.path.exists(home)


# --- in a bad moment ------------------------------------------------------------------------------


class Reached(Exception):
    pass


def test_signals_do_not_stop_what_must_not_stop_half_way() -> None:
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(number)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def disturbed(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.raise_signal(number)
    raise Reached


class Pretended:
    """A folder and a profile of which everything ends in a signal at the moment itself."""

    folder: "Pretended"
    owner: "Pretended"
    database = None
    wipe = replace_key = disturbed

    def close(self) -> None:
        pass


@pytest.mark.parametrize("command", ["wipe", "passphrase"])
def test_t3_ctrl_c_stops_neither_a_wipe_nor_a_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Else "Nothing of yours was changed" is said of a key that is gone."""
    profile = Pretended()
    profile.folder = profile.owner = profile
    run: Callable[..., int] = wipe_cmd.run if command == "wipe" else passphrase_cmd.run
    monkeypatch.setattr(wipe_cmd, "has_profile", lambda home: True)
    monkeypatch.setattr(ProfileFolder, "take", lambda home: profile)
    monkeypatch.setattr(wipe_cmd, "_unfinished", lambda folder: [])
    monkeypatch.setattr(passphrase_cmd, "open_existing", lambda options, show: profile)
    monkeypatch.setattr(passphrase_cmd, "ask_new", lambda show: "")
    monkeypatch.setattr(passphrase_cmd, "seal_here", lambda *_: None)
    options = argparse.Namespace(home=str(tmp_path), ephemeral=False, yes=True, command=command)
    with pytest.raises(Reached):
        run(options, None)

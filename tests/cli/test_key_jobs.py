"""The passphrase and the backup of a profile whose node runs on (T1, M4; cli 1.4, api 3)."""

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cli.node_kit import Following, Served, serving
from cli.test_profile_commands import PROGRAM, satchel, until
from satchel.core.identity.backup import HEAD_BYTES_MAX, decode_head
from satchel.core.identity.keyfile import Bare, Cost, Sealed, decode, seal, unseal
from satchel.errors import AccessDenied
from satchel.store.contacts import SqliteContacts
from satchel.store.profile import ProfileFolder

PHRASE, OTHER = "correct horse battery", "another long phrase"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal") as running:
        yield running


def job(served: Served, *words: str, lines: tuple[str | None, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
    """A job whose questions are answered by these lines: its exit code, and what it said."""
    following, left, said = Following(served, *words, "--json"), list(lines), []
    while (told := following.next()).get("job") != "over":
        if told.get("job") == "read":
            assert told["what"] == "secret"  # nobody looks over a shoulder
            assert following.tell("line", {"line": left.pop(0)})[0] == 204
        else:
            said.append(told)
    following.vanish()
    assert not left
    return told["code"], said


def kept(served: Served) -> Bare | Sealed:
    return decode((served.home / "key").read_bytes())


def people(served: Served) -> list[str]:
    _, said = job(served, "contacts", "list")
    return [event["contact"] for event in said if event["event"] == "contact"]


@pytest.mark.slow
def test_a_first_passphrase_and_another_one_while_the_node_runs(served: Served) -> None:
    before = kept(served)
    code, said = job(served, "passphrase", lines=(PHRASE,))
    assert (code, [event.get("what") for event in said]) == (0, ["new passphrase", None])
    first = kept(served)
    assert isinstance(before, Bare)
    assert isinstance(first, Sealed)
    assert people(served) == ["bilal"]
    with pytest.raises(AccessDenied):
        unseal(first, OTHER)

    code, said = job(served, "passphrase", lines=(OTHER,))
    assert (code, said[-1]["event"]) == (4, "error")  # one try; the one of now was not right
    assert kept(served) == first
    code, said = job(served, "passphrase", lines=(PHRASE, "short"))
    assert (code, said[-1]["event"]) == (2, "error")
    assert kept(served) == first

    assert job(served, "passphrase", lines=(PHRASE, OTHER))[0] == 0
    second = kept(served)
    assert isinstance(second, Sealed)
    key = unseal(second, OTHER)
    assert key not in (before.key, unseal(first, PHRASE))
    assert people(served) == ["bilal"]
    served.profile.contacts.rename(served.profile.contacts.all()[0].id, "amina")
    served.stop()
    served.profile.database.close()
    assert served.profile.folder is not None
    with closing(served.profile.folder.open(key)) as database:
        assert [one.name for one in SqliteContacts(database, salt=bytes(32)).all()] == ["amina"]


def test_no_answer_changes_nothing(served: Served) -> None:
    before = kept(served)
    assert job(served, "passphrase", lines=(None,))[0] == 5
    assert kept(served) == before


@pytest.mark.slow
def test_a_disk_that_fails_at_the_moment_itself_ends_the_node(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no database any more; whoever starts it again has one of the two."""
    ended: list[Exception] = []
    assert served.node is not None
    monkeypatch.setattr(served.node, "ask_end", ended.append)
    (served.home / "key.next").mkdir()
    code, said = job(served, "passphrase", lines=(PHRASE,))
    assert code == 1
    assert "Either the passphrase of before opens this profile, or the new one" in said[-1]["safe"]
    assert [str(problem) for problem in ended] == [said[-1]["what"]]
    (served.home / "key.next").rmdir()
    assert served.profile.folder is not None
    file = kept(served)
    assert isinstance(file, Bare)
    with closing(served.profile.folder.open(file.key)) as database:
        assert [one.name for one in SqliteContacts(database, salt=bytes(32)).all()] == ["bilal"]


@pytest.mark.slow
def test_nothing_that_is_typed_is_seen(served: Served) -> None:
    """From a terminal, over the node."""
    ours, theirs = pty.openpty()
    line = [*PROGRAM, "passphrase", "--home", str(served.home)]
    with subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs) as program:
        os.close(theirs)
        screen = ""
        for asked in ("(Enter takes the offered one): ", "locks you out: "):
            screen += until(ours, asked)
            os.write(ours, f"{PHRASE}\n".encode())
        screen += until(ours, "with the one of then.")
        assert program.wait(60) == 0
    os.close(ours)
    assert PHRASE not in screen
    file = kept(served)
    assert isinstance(file, Sealed)
    unseal(file, PHRASE)


# --- backup ---------------------------------------------------------------------------------------


def opened(file: Path, passphrase: str, tmp_path: Path) -> list[str]:
    """The names of the contacts in a backup."""
    with file.open("rb") as image:
        data, begins = decode_head(image.read(HEAD_BYTES_MAX))
        head = decode(data)
        assert isinstance(head, Sealed)
        image.seek(begins)
        with (
            closing(ProfileFolder.take(tmp_path / f"restored {file.name}")) as folder,
            closing(folder.put_back(image, data, unseal(head, passphrase))) as database,
        ):
            return [one.name for one in SqliteContacts(database, salt=bytes(32)).all()]


@pytest.mark.slow
def test_a_backup_while_the_node_runs(served: Served, tmp_path: Path) -> None:
    """It gets a passphrase of its own, where the profile has none; a folder gets a new name each time."""
    stick = tmp_path / "stick"
    stick.mkdir()
    code, said = job(served, "backup", str(stick), lines=(PHRASE,))
    assert (code, said[-1]) == (0, {"event": "done", "file": str(stick / "satchel-backup")})
    assert isinstance(kept(served), Bare)
    assert (stick / "satchel-backup").stat().st_mode & 0o777 == 0o600
    assert job(served, "passphrase", lines=(OTHER,))[0] == 0
    code, said = job(served, "backup", str(stick))  # now there is one
    assert (code, said[-1]["file"]) == (0, str(stick / "satchel-backup (2)"))
    assert sorted(os.listdir(stick)) == ["satchel-backup", "satchel-backup (2)"]
    assert opened(stick / "satchel-backup", PHRASE, tmp_path) == ["bilal"]
    assert opened(stick / "satchel-backup (2)", OTHER, tmp_path) == ["bilal"]
    assert people(served) == ["bilal"]


def test_nothing_that_is_there_is_written_over(served: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    os.symlink(tmp_path / "nowhere", tmp_path / "satchel-backup")
    assert job(served, "backup", str(tmp_path / "file"))[0] == 2
    assert (tmp_path / "file").read_bytes() == b"mine"
    for inside in (served.home, served.home / "backup"):
        code, said = job(served, "backup", str(inside), lines=(PHRASE,))
        assert (code, said[-1]["what"]) == (
            2,
            "A backup in the folder of the profile is lost together with it.",
        )
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.slow
def test_the_command_line_does_both_while_a_node_runs(served: Served, tmp_path: Path) -> None:
    made = satchel(served.home, "passphrase", lines=(PHRASE,))
    assert (made.code, made.names) == (0, ["ask", "done"])
    made = satchel(served.home, "backup", str(tmp_path / "copy"))
    assert (made.code, made.names) == (0, ["done"])
    assert opened(tmp_path / "copy", PHRASE, tmp_path) == ["bilal"]


def test_a_backup_is_under_the_key_of_its_moment(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T1: one that had begun to wait when the passphrase was changed does not open with the one of before."""
    sealed: list[bytes] = []
    monkeypatch.setattr(
        ProfileFolder, "back_up", lambda _self, _database, head, key, _file: sealed.extend((head, key))
    )
    profile = served.profile
    cost = Cost(memory_kib=1 << 16, passes=1, lanes=1)
    first, second = (seal(bytes([n]) * 32, PHRASE, salt=bytes([n]) * 16, cost=cost) for n in (1, 2))
    profile.file, profile.key = first, b"\1" * 32
    with profile.turn:
        following = Following(served, "backup", "--json", str(tmp_path / "copy"))
        profile.file, profile.key = second, b"\2" * 32
    assert following.rest()[-1]["code"] == 0
    assert decode(decode_head(sealed[0])[0]) == second
    assert sealed[1] == b"\2" * 32

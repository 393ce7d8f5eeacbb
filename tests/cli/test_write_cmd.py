"""`satchel write` and `delete`: what is typed becomes a letter or nothing, what is erased is said as it is
(C1, T2; cli 1.16, 1.18)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.letters_kit import BILALS_NAME, letters_of_two, seen, told
from cli.node_kit import Following, Served
from cli.test_profile_commands import satchel
from satchel.cli.parser import read
from satchel.cli.parser_letters import LIFETIME_DAYS_MAX
from satchel.cli.prompt import LETTER_BYTES_MAX
from satchel.core.bundles.lifetime import LIFETIME_H_MAX
from satchel.core.sealing.letter import LETTER_BYTES_MAX as WHOLE_BYTES_MAX
from satchel.core.sealing.letter import TEXT_BYTES_MAX, Letter, LetterId
from satchel.errors import MisuseError
from satchel.ports.letter_states import LetterState
from satchel.ports.uploads import Chosen
from store.contact_samples import AMINA, BILAL
from store.letter_samples import ONE, THREE, TWO


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with letters_of_two(tmp_path / "profile") as running:
        yield running


def write(served: Served, *words: str, text: str | None = "Hello", name: str = "Amina") -> dict[str, Any]:
    """What is said last."""
    following = Following(served, "write", "--json", name, *words)
    last: dict[str, Any] = {}
    while (line := following.next()).get("job") != "over":
        if line.get("job") == "read":
            assert (line["what"], line["bytes_max"]) == ("letter", LETTER_BYTES_MAX)
            assert following.tell("line", {"line": text})[0] == 204
        else:
            last = line
    following.vanish()
    return last


def letter(served: Served, id: str) -> Letter:
    return served.profile.post.letters.letter(AMINA, LetterId(bytes.fromhex(id)))


def states(served: Served) -> dict[LetterId, LetterState]:
    letters = served.profile.post.letters
    return {one.id: one.state for contact in (AMINA, BILAL) for one in letters.conversation(contact)}


def test_what_is_typed_is_sealed(served: Served, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"first")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_bytes(b"")
    files = ("--attach", str(tmp_path / "a.txt"), "--attach", str(tmp_path / "other" / "a.txt"))
    done = write(served, *files, "--reply", "1", "--expires", "3", text="السلام عليكم\n")
    assert (done["event"], done["state"]) == ("done", "under_way")
    sealed = letter(served, done["id"])
    assert (sealed.text, sealed.reply_to) == ("السلام عليكم\n", ONE)
    assert [(one.name, one.content) for one in sealed.attachments] == [
        (b"a.txt", b"first"),
        (b"a (2).txt", b""),
    ]
    assert sealed.written_s is not None
    assert sealed.expiry_hour is not None
    assert sealed.expiry_hour - (sealed.written_s - 1_577_836_800) // 3600 == 3 * 24


def test_the_whole_of_the_text_is_taken(served: Served) -> None:
    """Also one that is six times as long as JSON."""
    text = "\x01" * LETTER_BYTES_MAX
    assert letter(served, write(served, text=text)["id"]).text == text
    assert LETTER_BYTES_MAX <= TEXT_BYTES_MAX
    assert LIFETIME_DAYS_MAX * 24 == LIFETIME_H_MAX


def test_files_go_without_a_text(served: Served, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    for text in ("", None):
        done = write(served, "--attach", str(tmp_path / "a"), text=text)
        if text is None:
            assert done["event"] == "error"
        else:
            assert letter(served, done["id"]).text == ""


def test_what_is_no_text_is_no_letter(served: Served) -> None:
    before = states(served)
    for text in ("", " \n\t\n", None, "\ud800"):
        assert write(served, text=text)["event"] == "error", ascii(text)
    assert states(served) == before


def test_a_letter_goes_with_all_of_its_files_or_not_at_all(served: Served, tmp_path: Path) -> None:
    """A pipe would wait for its writer, and a link would give away what it leads to."""
    (tmp_path / "whole").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "whole")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(WHOLE_BYTES_MAX + 1)
    with (tmp_path / "nearly").open("wb") as file:
        file.truncate(WHOLE_BYTES_MAX)
    before = states(served)
    for name in ("pipe", "link", "folder", "large", "missing", ""):
        words = ("write", "Amina", "--attach", str(tmp_path / "whole"), "--attach", str(tmp_path / name))
        *others, error = told(served, *words) if name else told(served, *words[:-1], "/")
        assert error["event"] == "error", name
        assert [line["event"] for line in others] == (
            ["left_out"] if name in ("pipe", "link", "folder", "") else []
        )
    assert write(served, "--attach", str(tmp_path / "nearly"))["event"] == "error"  # the letter's own bytes
    assert states(served) == before


def test_what_it_answers_is_of_the_same_two(served: Served) -> None:
    """Before a text is typed in vain."""
    for word in ("3", THREE.hex(), "4", "x"):
        assert [line["event"] for line in told(served, "write", "Amina", "--reply", word)] == ["error"], word


@pytest.mark.parametrize("word", ["0", "29", "\u0663", "1.5", "-1", "9" * 5000])
def test_others_carry_it_for_one_to_28_days(word: str) -> None:
    assert read(["write", "Amina", "--expires", "28"]).expires == 28
    with pytest.raises(MisuseError, match="1 to 28"):
        read(["write", "Amina", f"--expires={word}"])


def test_a_person_learns_what_becomes_of_it(served: Served) -> None:
    said = seen(served, "write", BILALS_NAME, answer="Who are you?")
    assert said.startswith("It is sealed for UNVERIFIED Bilal\\u{202e}\\u{a}, and goes when you meet")
    assert said.endswith("satchel outbox\n")


def test_an_erased_letter_is_gone(served: Served) -> None:
    assert told(served, "delete", "--yes", "3", ONE.hex(), "3")[-1] == {"event": "done", "deleted": 2}
    assert list(states(served)) == [TWO]


@pytest.mark.parametrize(("answer", "is_erased"), [("y", True), ("YES", True), ("", False), (None, False)])
def test_it_is_asked_once_more(served: Served, answer: str | None, *, is_erased: bool) -> None:
    said = seen(served, "delete", "3", answer=answer)
    assert said.startswith("Letter 3, from UNVERIFIED Bilal\\u{202e}\\u{a}\n  | \\u{1b}[2J<b>")
    assert "Erase this letter? It cannot be brought back. [y]es, [N]o: " in said
    assert (THREE in states(served)) is not is_erased
    assert ("Not erased." in said) is not is_erased


def test_c1_of_what_is_under_way_no_more_is_promised_than_can_be_held(served: Served) -> None:
    done = write(served)
    said = seen(served, "delete", "--yes", done["id"])
    assert "Done: 1 letter erased here. What was under way is taken back: its receipt is released" in said
    assert "Who has read it has read it." in said
    assert LetterId(bytes.fromhex(done["id"])) not in states(served)
    assert seen(served, "delete", "--yes", "1").endswith("Done: 1 letter erased here.\n")


def test_one_that_is_not_there_erases_nothing(served: Served) -> None:
    before = states(served)
    for word in ("0", "4", "-1", "x", "1-2", ONE.hex()[:-1], "9" * 5000):
        assert told(served, "delete", "--yes", "1", word)[-1]["event"] == "error", word
    assert states(served) == before


@pytest.mark.slow
def test_a_program_beside_the_node_lets_it_write(served: Served) -> None:
    """[api 3.3] All of what is piped in goes there, however many lines, and no editor is started."""
    text = tuple(f"line {number}" for number in range(20_000))
    done = satchel(served.home, "write", "Amina", lines=text)
    assert done.code == 0
    assert letter(served, done.events[-1]["id"]).text == "".join(f"{line}\n" for line in text)
    too_long = satchel(served.home, "write", "Amina", lines=("x" * LETTER_BYTES_MAX,))
    assert (too_long.code, too_long.names) == (2, ["error"])


@pytest.mark.slow
def test_without_a_running_node_it_waits_in_the_profile(tmp_path: Path) -> None:
    """Whole programs: a letter by a pipe, listed, and erased."""
    home = tmp_path / "profile"
    with letters_of_two(home):
        pass
    done = satchel(home, "write", "Amina", lines=("By hand,", "and pipe."))
    assert (done.code, done.events[-1]["state"]) == (0, "under_way")
    own = [line for line in satchel(home, "outbox").events if line["event"] == "own_letter"]
    assert [line["text"] for line in own] == ["Wait for us.", "By hand,\nand pipe.\n"]
    assert [line["state"] for line in own] == ["under_way", "under_way"]
    asked = satchel(home, "delete", done.events[-1]["id"], lines=("y",))
    assert [line["event"] for line in asked.events[-2:]] == ["ask", "done"]
    assert [line["what"] for line in asked.events if line["event"] == "ask"] == ["delete"]
    assert len([line for line in satchel(home, "outbox").events if line["event"] == "own_letter"]) == 1
    assert satchel(home, "inbox", "--ephemeral").code == 2
    assert satchel(tmp_path / "none", "inbox").code == 5
    assert not (tmp_path / "none").exists()


def brought(served: Served, *files: tuple[str, bytes]) -> bytes:
    """A group of what a browser has brought."""
    group, uploads = os.urandom(16), served.profile.uploads
    chosen = [
        Chosen(path=tuple(os.fsencode(path).split(b"/")), size=len(content), mtime_ns=0)
        for path, content in files
    ]
    for upload, (_, content) in zip(uploads.begin(group, chosen), files, strict=True):
        incoming = uploads.append(upload.id, 0)
        incoming.write(memoryview(content))
        incoming.sync()
        incoming.close()
    return group


def test_what_a_browser_brought_goes_with_it_and_is_erased(served: Served, tmp_path: Path) -> None:
    """T2; beside files of the disk, under names of their own."""
    (tmp_path / "a.txt").write_bytes(b"disk")
    group = brought(served, ("a.txt", b"first"), ("b.txt", b"x" * 300_000))
    done = write(served, "--upload", group.hex(), "--attach", str(tmp_path / "a.txt"))
    files = {one.name: one.content for one in letter(served, done["id"]).attachments}
    assert files == {b"a.txt": b"first", b"a (2).txt": b"disk", b"b.txt": b"x" * 300_000}
    assert served.profile.uploads.all() == []


def test_a_letter_takes_no_folder_that_a_browser_brought(served: Served) -> None:
    group = brought(served, ("folder/a.txt", b"x"), ("b.txt", b""))
    before = states(served)
    assert write(served, "--upload", group.hex())["what"] == "Not all of this can be attached."
    for word in ("ab" * 16, "x"):
        assert write(served, "--upload", word)["event"] == "error"
    assert states(served) == before
    assert len(served.profile.uploads.all()) == 2  # to be sent otherwise


def test_what_waits_for_somebody_stays(served: Served) -> None:
    group = brought(served, ("a.txt", b"first"))
    with served.profile.uploads.holding([group]):
        assert write(served, "--upload", group.hex())["event"] == "done"
    assert len(served.profile.uploads.all()) == 1

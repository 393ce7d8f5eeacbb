"""Lines from standard input, through a real pipe and a real terminal."""

import os
import pty
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from satchel.cli import prompt
from satchel.cli.prompt import LETTER_BYTES_MAX, LINE_BYTES_MAX, TEXT_BYTES_MAX, read_line, read_text
from satchel.core.handover.codec import NOTE_BYTES_MAX
from satchel.errors import MisuseError


@contextmanager
def stdin(source: int) -> Iterator[None]:
    """`source` stands at descriptor 0 for the time of the block."""
    kept = os.dup(0)
    os.dup2(source, 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


@contextmanager
def piped(data: bytes) -> Iterator[None]:
    here, there = os.pipe()

    def write() -> None:
        with os.fdopen(there, "wb") as writer:
            writer.write(data)

    with stdin(here):
        os.close(here)
        thread = threading.Thread(target=write)
        thread.start()  # a pipe holds 64 KiB: who writes more must not be who reads
        yield
        while os.read(0, 65536):
            pass  # what the test left over, so that the thread ends
        thread.join()


def test_lines_are_read_one_by_one() -> None:
    """Nothing meant for the second question is swallowed by the first."""
    with piped(b"482 apple river stone\n\ny\r\nlast"):
        assert read_line("Code: ") == "482 apple river stone"
        assert read_line("?") == ""
        assert read_line("?") == "y\r"  # whoever asked strips
        assert read_line("?") == "last"
        assert read_line("?") is None
        assert read_line("?") is None


def test_piped_no_question_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with piped(b"x\n"):
        read_line("Code: ")
    assert capsys.readouterr() == ("", "")


def test_what_is_not_utf_8_is_no_crash() -> None:
    with piped(b"\xff\xfe\n"):
        assert read_line("?") == "\ufffd\ufffd"


def test_a_line_that_is_too_long_is_refused() -> None:
    with piped(b"x" * LINE_BYTES_MAX + b"\n"):
        assert read_line("?") == "x" * LINE_BYTES_MAX
    with piped(b"x" * (LINE_BYTES_MAX + 1) + b"\n"), pytest.raises(MisuseError) as refused:
        read_line("?")
    assert all((refused.value.what, refused.value.safe, refused.value.do))


def test_who_waits_for_a_line_in_a_thread_can_be_stopped() -> None:
    """Ctrl-C while the question stands: the thread gives up instead of holding the program."""
    here, there = os.pipe()
    found: list[str | None] = []
    with stdin(here):
        waiting = threading.Thread(target=lambda: found.append(read_line("?")))
        waiting.start()
        prompt.interrupted.set()
        waiting.join(5)
    prompt.interrupted.clear()
    os.close(here)
    os.close(there)
    assert found == [None]


def test_in_a_terminal_the_question_is_shown_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    master, slave = pty.openpty()
    with stdin(slave):
        os.write(master, b"482 apple\n")
        assert read_line("Code: ") == "482 apple"
    os.close(master)
    os.close(slave)
    assert capsys.readouterr() == ("", "Code: ")


def test_a_text_is_all_of_it() -> None:
    with piped("Dear B,\n\nsix o'clock. é\n".encode()):
        assert read_text() == "Dear B,\n\nsix o'clock. é\n"
    with piped(b""):
        assert read_text() == ""


@pytest.mark.parametrize("data", [b"\xff", b"x" * (TEXT_BYTES_MAX + 1), b"x" * 1_000_000, "é".encode()[:1]])
def test_a_text_that_cannot_be_sent_is_none(data: bytes) -> None:
    with piped(data):
        assert read_text() is None


def test_the_longest_text() -> None:
    with piped(b"x" * TEXT_BYTES_MAX):
        assert read_text() == "x" * TEXT_BYTES_MAX


def test_the_longest_text_fits_an_offer() -> None:
    assert TEXT_BYTES_MAX == NOTE_BYTES_MAX


@pytest.mark.parametrize(("count", "is_whole"), [(4000, True), (4094, True), (4095, False), (9000, False)])
def test_a_line_that_the_terminal_has_cut_is_no_text(count: int, *, is_whole: bool) -> None:
    """[cli 3.6] A paragraph that is pasted would lose its end, and nobody would know."""
    master, slave = pty.openpty()
    line = b"x" * count + b"\n"
    with stdin(slave):
        writing = threading.Thread(target=lambda: os.write(master, line + b"the end\n\x04"))
        writing.start()
        text = read_text(LETTER_BYTES_MAX)
        writing.join(5)
    os.close(master)
    os.close(slave)
    assert text == ((line + b"the end\n").decode() if is_whole else None)


def test_a_letter_may_be_longer() -> None:
    with piped(b"x" * LETTER_BYTES_MAX):
        assert read_text(LETTER_BYTES_MAX) == "x" * LETTER_BYTES_MAX
    with piped(b"x" * (LETTER_BYTES_MAX + 1)):
        assert read_text(LETTER_BYTES_MAX) is None

"""The command line as a whole: exit codes, errors, help at once, standard streams in any state."""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from satchel import __version__
from satchel import errors as e
from satchel.cli.main import main, run
from satchel.cli.send_cmd import last_words
from satchel.cli.show import Show
from satchel.core.identity.keyfile import Bare, decode
from satchel.store.database import Database

OPTIONS = argparse.Namespace(json=False)
Run = subprocess.CompletedProcess[bytes]


def satchel(*arguments: str, stdin: bytes = b"", home: Path | None = None) -> Run:
    environment = {**os.environ, **({"SATCHEL_HOME": str(home)} if home else {})}
    return subprocess.run(
        [sys.executable, "-m", "satchel.cli.main", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env=environment,
    )


def complaints(done: Run) -> list[bytes]:
    """What it says to people, but for that the profile has no passphrase."""
    return [line for line in done.stderr.splitlines() if b"no passphrase" not in line]


def failing(error: BaseException) -> Callable[[argparse.Namespace, Show], int]:
    def command(_options: argparse.Namespace, _show: Show) -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (e.EnvironmentProblem("the world"), 1),
        (e.NameRefused("the world, one name"), 1),
        (e.MisuseError("misuse"), 2),
        (e.PeerError("handover 2.1: the other side"), 3),
        (e.AccessDenied("not allowed"), 4),
        (e.NothingToDo("nothing"), 5),
        (KeyboardInterrupt(), 1),
    ],
    ids=lambda part: type(part).__name__,
)
def test_exit_codes(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(error), OPTIONS) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip()


def test_every_kind_of_error_has_its_exit_code() -> None:
    kinds = [kind for kind in vars(e).values() if isinstance(kind, type)]
    assert {kind.exit_code for kind in kinds if issubclass(kind, e.SatchelError)} == {1, 2, 3, 4, 5}


def test_what_a_command_returns_is_the_exit_code() -> None:
    assert run(lambda _options, _show: 0, OPTIONS) == 0
    assert run(lambda _options, _show: 1, OPTIONS) == 1


@pytest.mark.parametrize(
    "line",
    [
        ["fly"],
        ["send", "--fly"],
        ["send", "--tex"],  # no abbreviations: they would change their meaning with the next option
        ["receive", "--into"],
        ["receive", "482", "apple", "river", "stone"],
        ["completion"],
        ["completion", "fish"],
        ["--json"],
    ],
    ids=" ".join,
)
def test_a_wrong_line_is_told_in_sentences(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 2
    out, err = capsys.readouterr()
    assert "" in (out, err)  # the three sentences for a person, or one event for a script
    assert len((out or err).splitlines()) == (1 if out else 3)


def test_a_code_is_never_an_argument_and_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """croc CVE-2023-43621: the process list shows arguments to everybody."""
    assert main(["receive", "482", "apple", "river", "stone"]) == 2
    err = capsys.readouterr().err
    assert "A code is never an argument" in err
    assert "apple" not in err


def test_a_wrong_line_is_an_event_for_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", "--json", "--fly=\x1b[2J"]) == 2
    event = json.loads(capsys.readouterr().out)
    assert event == {
        "event": "error",
        "what": "satchel send has no option --fly.",
        "safe": "Nothing was done.",
        "do": "See: satchel send --help",
    }


def test_help_is_there_at_once() -> None:
    """Nothing heavy is imported for it: 150 ms on a small machine are asyncio and cryptography alone."""
    heavy = ("asyncio", "cryptography", "sqlite3", "blake3", "platformdirs", "satchel.node", "satchel.store")
    look = (
        "import sys\n"
        "from satchel.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code\n"
        f"print(*(set({heavy!r}) & set(sys.modules)), file=sys.stderr)"
    )
    for line in (["--help"], ["--version"], ["send", "--help"], ["receive", "--help"], ["demo", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", look, *line], capture_output=True, check=True, text=True, timeout=60
        )
        assert done.stdout
        assert done.stderr.strip() == ""


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"satchel {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "receive" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line",
    [
        ["receive", "--resume", "--into", "there"],
        ["receive", "--resume", "--yes"],
        ["receive", "--resume", "--text", "--yes"],
        ["send", "--for", "3"],
    ],
    ids=" ".join,
)
def test_what_would_be_ignored_is_refused(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line, "--home", str(tmp_path / "profile")]) == 2
    err = capsys.readouterr().err
    assert [option for option in line if option.startswith("--") and option not in err] == []
    assert len(err.splitlines()) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("json_too", [True, False])
def test_stopped_at_the_question_for_the_code(number: int, json_too: bool, tmp_path: Path) -> None:
    """The last event is `done` or `error`, whenever it is stopped."""
    line = [sys.executable, "-c", ASKS, *(["--json"] if json_too else []), "--home", str(tmp_path / "home")]
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as program:
        assert program.stderr is not None
        while program.stderr.readline() != "asking\n":
            assert program.poll() is None
        program.send_signal(number)
        out, err = program.communicate(timeout=20)
    assert program.returncode == 1
    said = list(json.loads(out.splitlines()[-1]).values()) if json_too else err.splitlines()
    assert said[-3:] == ["Stopped.", "Nothing of yours was changed.", "Start again."]
    assert "Traceback" not in err


ASKS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
import sys
from satchel.cli import prompt
from satchel.cli.main import main
ask = prompt.read_line
def asking(question):
    print("asking", file=sys.stderr, flush=True)
    return ask(question)
prompt.read_line = asking
sys.exit(main(["receive", *sys.argv[1:]]))
"""


# --- whole programs, as far as they go without a network -----------------------------------------


def test_nothing_to_go_on_with(tmp_path: Path) -> None:
    for line in (["send"], ["receive", "--resume"]):
        done = satchel(*line, home=tmp_path / "profile")
        assert done.returncode == 5, done.stderr
        assert len(complaints(done)) == 3


@pytest.mark.parametrize(
    ("stdin", "code"), [(b"", 5), (b"\n", 2), (b"482 apple\n", 2), (b"\xff\n", 2), (b"x" * 10_000, 2)]
)
def test_a_code_that_is_none(stdin: bytes, code: int, tmp_path: Path) -> None:
    done = satchel("receive", "--into", str(tmp_path / "into"), home=tmp_path / "profile", stdin=stdin)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert list((tmp_path / "into").iterdir()) == []


def test_what_does_not_exist_cannot_be_sent(tmp_path: Path) -> None:
    done = satchel("send", "--json", str(tmp_path / "no \x1b[2J"), home=tmp_path / "profile")
    assert done.returncode == 2
    assert json.loads(done.stdout)["event"] == "error"
    assert b"\x1b" not in done.stdout


def test_nothing_that_can_be_sent_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    done = satchel("send", str(tmp_path / "link"), home=tmp_path / "profile")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 4  # what was left out, and three sentences


@pytest.mark.parametrize("line", ['receive --home "$1"', 'send letter --home "$1"', "send --home home"])
def test_a_working_folder_that_was_deleted_is_told(line: str, tmp_path: Path) -> None:
    command = f'mkdir "$1/gone" && cd "$1/gone" && rmdir "$1/gone" && exec "$0" -m satchel.cli.main {line}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, tmp_path], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 1, done.stderr
    assert b"is not there any more" in done.stderr
    assert len(done.stderr.splitlines()) == 3


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = satchel("receive", "--into", str(tmp_path / "file"), home=tmp_path / "profile")
    assert done.returncode == 1, done.stderr
    assert len(complaints(done)) == 3


def test_the_last_line_of_a_sender_is_true() -> None:
    assert last_words(1, 1, failed=0) == "Done: what was wanted is over there."
    assert last_words(1, 1, failed=2).endswith("but for 2 files that failed: see above.")
    assert last_words(2, 3, failed=0) == "Done: 2 of 3 have what they wanted."


def test_a_text_that_cannot_be_sent(tmp_path: Path) -> None:
    for stdin in (b"", b"\xff", b"x" * 48_001):
        assert satchel("send", "--text", home=tmp_path / "profile", stdin=stdin).returncode == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_are_never_our_own_files(closed: str, tmp_path: Path) -> None:
    """A line for people must not be written into whatever was opened as number 1 or 2."""
    command = f'exec "$0" -m satchel.cli.main receive --home "$1" --into "$1/into" {closed}'
    done = subprocess.run(["sh", "-c", command, sys.executable, tmp_path], check=False, timeout=60)
    assert done.returncode == 5
    file = decode((tmp_path / "key").read_bytes())
    assert isinstance(file, Bare)
    Database.open(tmp_path / "data", file.key).close()


def test_a_reader_that_goes_is_no_crash(tmp_path: Path) -> None:
    """`satchel ... | head` ends quietly."""
    command = '"$0" -m satchel.cli.main send --json --home "$1" | true; exit ${PIPESTATUS[0]}'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, tmp_path], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (5, b"")


PLACES = """
import sys
from satchel.cli import main, streams
from satchel.errors import EnvironmentProblem
from satchel.node.events import FilePlaced
streams.prepare()
def command(options, show):
    for number in range(5000):
        show.hear(FilePlaced(path=(b"%d" % number,), offered=(b"x",), already_there=False))
    if sys.argv[1] == "stop":
        raise KeyboardInterrupt
    if sys.argv[1] == "fail":
        raise EnvironmentProblem("x")
    return 0
class options:
    json = True
sys.exit(main.run(command, options))
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("end", "lines"), [("return", 5000), ("stop", 5001), ("fail", 5001)])
def test_all_is_told_however_it_ends(end: str, lines: int, unbuffered: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-c", PLACES, end]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.stderr == b""
    assert len(done.stdout.splitlines()) == lines


def test_a_reader_that_goes_while_files_arrive_is_no_crash() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$0" -c "$1" return | head -n 1; exit ${PIPESTATUS[0]}', sys.executable, PLACES],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


def test_a_terminal_that_is_not_utf_8_is_no_crash(tmp_path: Path) -> None:
    name = tmp_path / "رسالة"
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1:strict", "SATCHEL_HOME": str(tmp_path / "p")}
    done = subprocess.run(
        [sys.executable, "-c", PRINTS_A_NAME, os.fsencode(name)],
        capture_output=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u0631" in done.stdout


PRINTS_A_NAME = """
import sys
from satchel.cli import main, streams
streams.prepare()
from satchel.cli.show import PersonShow
PersonShow().done(text=sys.argv[1])
print(sys.argv[1])
"""

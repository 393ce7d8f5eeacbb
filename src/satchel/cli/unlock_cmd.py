"""`satchel unlock`: the node in the background. It is `satchel up` in a session of its own, which gets the
passphrase by a pipe."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from satchel.cli.home import absolute, home_folder
from satchel.cli.over_node import runs
from satchel.cli.passphrases import TRIES
from satchel.cli.profile import has_profile, no_profile, refuse_ephemeral
from satchel.cli.prompt import read_secret
from satchel.cli.show import Show
from satchel.errors import AccessDenied, EnvironmentProblem, NothingToDo, SatchelError

PROGRAM = [sys.executable, "-P", "-m", "satchel.cli.main", "up", "--json"]  # -P: nothing from where we are


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    home = home_folder(options.home)
    if not has_profile(home):
        raise no_profile()
    if runs(home):
        raise NothingToDo(
            "Satchel is running with this profile already.",
            safe="Nothing was changed.",
            do="To see it: satchel status. To end it: satchel lock",
        )
    tries = TRIES if show.console.is_typed_at else 1
    while True:
        tries -= 1
        try:
            number = _start(show, _words(options, home))
            break
        except AccessDenied as wrong:
            if not tries:
                raise
            show.error(wrong)
    show.done(text="Done: Satchel is running in the background. To end it: satchel lock", pid=number)
    return 0


def _words(options: argparse.Namespace, home: Path) -> list[str]:
    words = [*PROGRAM, "--home", os.fspath(home)]
    if options.accept is not None:
        words += ["--accept", options.accept]
    if options.into is not None:
        words += ["--into", os.fspath(absolute(options.into))]  # it runs in another folder than this
    if options.quiet is not None:
        words.append("--quiet" if options.quiet else "--no-quiet")
    return words


def _start(show: Show, words: list[str]) -> int:
    """Until it is ready: the number of its process.

    Raises SatchelError: why it is not; AccessDenied: the passphrase was not right.
    """
    node = subprocess.Popen(  # noqa: S603 - our own program; what is secret goes by the pipe
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    assert node.stdin is not None
    assert node.stdout is not None
    try:
        with node.stdout, node.stdin:
            for event in _events(node.stdout):
                match event:
                    case {"event": "ask", "what": "passphrase"}:
                        _give_passphrase(node.stdin, show)
                    case {"event": "warning"}:
                        show.warning(_problem(event, EnvironmentProblem))
                    case {"event": "ready"}:
                        return node.pid
                    case {"event": "error"}:
                        wrong = node.wait() == AccessDenied.exit_code
                        raise _problem(event, AccessDenied if wrong else EnvironmentProblem)
    except BaseException:
        node.kill()
        raise
    raise EnvironmentProblem("Satchel ended at once.", safe="Nothing was changed.", do="See why: satchel up")


def _give_passphrase(pipe: IO[bytes], show: Show) -> None:
    show.ask("passphrase")
    typed = read_secret("Passphrase of this profile: ")
    if typed is not None:
        pipe.write(f"{typed}\n".encode())
    pipe.close()


def _events(pipe: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in pipe:
        yield json.loads(line)


def _problem(event: dict[str, Any], kind: type[SatchelError]) -> SatchelError:
    return kind(str(event["what"]), safe=str(event["safe"]), do=str(event["do"]))

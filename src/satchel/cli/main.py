"""`satchel`: reads the command line and runs one command. Imports only what that command needs."""

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING

from satchel.cli import streams
from satchel.cli.parser import IN_NODE, read
from satchel.errors import EnvironmentProblem, SatchelError

if TYPE_CHECKING:
    from satchel.cli.console import Console
    from satchel.cli.show import Show

GARBAGE_AFTER = 20_000  # new objects; the usual 700 means a look for every other file of an offer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    streams.prepare()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = read(words)
    except SatchelError as misuse:
        _show(json="--json" in words).error(misuse)
        return misuse.exit_code
    if options.module in IN_NODE and not options.ephemeral:
        from satchel.cli.home import has_socket  # noqa: PLC0415 - `--help` needs none of it

        if has_socket(options.home):
            from satchel.cli import over_node  # noqa: PLC0415 - 25 ms, where no node runs for nothing

            caller = over_node.to_running(options.home, words)
            if caller is not None:
                return run(caller.run, options)
    command = import_module(f"satchel.cli.{options.module}")
    gc.freeze()  # modules stay: no use in looking through them for garbage, again and again
    gc.set_threshold(GARBAGE_AFTER)
    try:
        return run(command.run, options)
    finally:
        gc.freeze()  # nor in looking through all that is left when the process ends


def run(
    command: "Callable[[argparse.Namespace, Show], int]",
    options: argparse.Namespace,
    console: "Console | None" = None,
) -> int:
    """What every command's errors become: sentences, and one of the documented exit codes.

    `console`: where it shows and asks, if not with what this process was started with.
    """
    show = _show(json=options.json, console=console)
    try:
        with _stopping_well():
            return command(options, show)
    except SatchelError as error:
        show.error(error)
        return error.exit_code
    except KeyboardInterrupt:  # before anything was under way: from then on run_until_done looks after it
        stopped = EnvironmentProblem("Stopped.", safe="Nothing of yours was changed.", do="Start again.")
        show.error(stopped)
        return stopped.exit_code
    finally:
        show.close()


@contextmanager
def _stopping_well() -> Iterator[None]:
    """SIGTERM ends a question as Ctrl-C does: with a last word, and the exit code for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(*, json: bool, console: "Console | None" = None) -> "Show":
    from satchel.cli.show import JsonShow, PersonShow  # noqa: PLC0415 - `--help` needs none of it

    return JsonShow(console) if json else PersonShow(console)


if __name__ == "__main__":
    sys.exit(main())

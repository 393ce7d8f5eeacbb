"""Commands that run inside the node, each in a thread of its own: the same code as anywhere else, with the
node's profile and somebody else's screen. Spec: docs/spec/api.md, 3.

Landlock's rights are those of a thread (landlock.py). The node gives its own away when it starts. One thread
keeps them, and does nothing but start jobs: so each job gives away all but its own folders (M4).
"""

import argparse
import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from importlib import import_module
from typing import Any

from satchel.cli.book_keeping import BookKeeping
from satchel.cli.main import run
from satchel.cli.over_node import COLUMNS_MAX, LOCALE
from satchel.cli.parser import IN_NODE, read
from satchel.cli.profile import Profile
from satchel.cli.remote_console import RemoteConsole, Screen, control
from satchel.cli.shared_records import Claims
from satchel.cli.show import Show
from satchel.errors import EnvironmentProblem, MisuseError, SatchelError
from satchel.node.entropy import SystemEntropy
from satchel.node.node import Node

JOBS_MAX = 16  # at the same time, of those that wait for another person
DEEDS_MAX = 16  # and of all others: they are soon over
_WITH_SOMEBODY = frozenset({"send_cmd", "receive_cmd", "pair_cmd", "meet_cmd"})
EXPIRE_EVERY_S = 3600.0
ID_BYTES = 8


class CommandJob:
    """One command under way."""

    def __init__(self, options: argparse.Namespace, console: RemoteConsole) -> None:
        self.id = SystemEntropy().draw(ID_BYTES).hex()
        self.waits = _waits_for_somebody(options)
        self._options = options
        self._console = console
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()

    def run(self) -> None:
        """All of it, in a thread of its own."""
        command = import_module(f"satchel.cli.{self._options.module}")
        code = 1
        try:
            code = run(_without_mistakes(command.run), self._options, self._console)
        finally:
            self._console.end(code)
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._over.set)

    async def frames(self) -> AsyncIterator[bytes]:
        yield control("begun", id=self.id)
        async for frame in self._console.frames():
            yield frame

    def answer(self, line: str | None) -> bool:
        return self._console.answer(line)

    def stop(self) -> None:
        self._console.stop()

    def leave(self) -> None:
        self._console.leave()

    async def over(self) -> None:
        await self._over.wait()


class CommandJobs:
    """Made before the node gives its rights away; used from the node's loop from then on."""

    def __init__(self, profile: Profile) -> None:
        self.ended: Callable[[], object] = lambda: None
        self._profile = profile
        self._node: Node | None = None
        self._claims = Claims()
        self._books = BookKeeping(profile)
        self._running: dict[str, CommandJob] = {}
        self._looking: set[CommandJob] = set()
        self._forgetting: set[asyncio.Task[None]] = set()
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._begin_each, name="satchel-jobs", daemon=True).start()

    def serve(self, node: Node) -> None:
        """From now on jobs can be started."""
        self._node = node

    def start(self, asked: dict[str, Any]) -> CommandJob:
        """Raises MisuseError: not what api 3.1 says; EnvironmentProblem: too many run."""
        options, screen = _read(asked)
        waits = _waits_for_somebody(options)
        count = sum(job.waits == waits for job in self._running.values())
        if waits and count >= JOBS_MAX:
            raise EnvironmentProblem(
                f"{JOBS_MAX} codes, pairings and hand-overs that wait for somebody are open already.",
                safe="Nothing was done; all else goes on.",
                do="Stop one of them, then try again.",
            )
        if not waits and count >= DEEDS_MAX:
            raise EnvironmentProblem(
                f"{DEEDS_MAX} commands run in this Satchel already.",
                safe="Nothing was done.",
                do="Try again in a moment.",
            )
        job = self._begin(options, screen)
        self._running[job.id] = job
        self._keep(self._forget(job))
        return job

    def look(self, asked: dict[str, Any]) -> CommandJob:
        """See web.api.Jobs. Sixteen that wait for somebody must not keep their owner from seeing them."""
        options, screen = _read(asked)
        assert getattr(options, "action", None) == "list" or _reads_letters(options) or _reads_books(options)
        job = self._begin(options, screen)
        self._looking.add(job)
        self._keep(self._forget_look(job))
        return job

    def _begin(self, options: argparse.Namespace, screen: Screen) -> CommandJob:
        assert self._node is not None
        options.lent = self._profile.lend(self._node, self._claims)
        console = RemoteConsole(screen, is_for_script=options.json, loop=asyncio.get_running_loop())
        job = CommandJob(options, console)
        self._asked.put(threading.Thread(target=job.run, name="satchel-job", daemon=True).start)
        return job

    def _keep(self, forgetting: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(forgetting)
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def keep_house(self) -> None:
        """Erase what is too old, now and each hour, also in folders where the node itself may not write; and
        once, look after the library."""
        self._asked.put(threading.Thread(target=self._books.run, name="satchel-index", daemon=True).start)
        while True:
            self._asked.put(threading.Thread(target=self._expire, name="satchel-expiry", daemon=True).start)
            await asyncio.sleep(EXPIRE_EVERY_S)

    def _expire(self) -> None:
        with suppress(EnvironmentProblem):  # the disk; once more in an hour
            self._profile.expire()

    def find(self, id: str) -> CommandJob | None:
        return self._running.get(id)

    async def end(self) -> None:
        """Stop all, and wait until they are over."""
        running = [*self._running.values(), *self._looking]
        for job in running:
            job.stop()
        await asyncio.gather(*(job.over() for job in running), asyncio.to_thread(self._books.stop))

    async def _forget(self, job: CommandJob) -> None:
        await job.over()
        self._running.pop(job.id, None)
        assert self._node is not None
        try:
            await self._node.refresh()  # it may have been about contacts
        finally:
            self.ended()

    async def _forget_look(self, job: CommandJob) -> None:
        await job.over()
        self._looking.discard(job)

    def _begin_each(self) -> None:
        while True:
            self._asked.get()()


def _without_mistakes(
    command: Callable[[argparse.Namespace, Show], int],
) -> Callable[[argparse.Namespace, Show], int]:
    """A mistake of ours ends this job, and not the node."""

    def guarded(options: argparse.Namespace, show: Show) -> int:
        try:
            return command(options, show)
        except SatchelError:
            raise
        except Exception as mistake:
            raise EnvironmentProblem(
                f"Satchel made a mistake ({type(mistake).__name__}), and this command ended.",
                safe="Satchel goes on running.",
                do="Please report it. To see more, run the command while no Satchel runs: satchel lock",
            ) from mistake

    return guarded


def _reads_letters(options: argparse.Namespace) -> bool:
    return options.module == "inbox_cmd" and bool(options.both or options.contact == "show")


def _reads_books(options: argparse.Namespace) -> bool:
    return options.module == "library_cmd" and options.action in ("search", "show")


def _waits_for_somebody(options: argparse.Namespace) -> bool:
    """Whether it is over only when another person does something. Such commands take no places of those that
    a person would, for instance, forget a contact with."""
    if options.module == "contacts_cmd":
        return bool(options.action == "verify")
    return options.module in _WITH_SOMEBODY and getattr(options, "to", None) is None


def _read(asked: dict[str, Any]) -> tuple[argparse.Namespace, Screen]:
    """What api 3.1 says. Raises MisuseError."""
    words, folder, screen, locale = (asked.get(name) for name in ("words", "folder", "screen", "locale"))
    if not (isinstance(words, list) and words and all(isinstance(word, str) for word in words)):
        raise MisuseError("api 3.1: `words` are those of a command line.")
    if not (isinstance(folder, str) and folder.startswith("/")) or "\0" in folder:
        raise MisuseError("api 3.1: `folder` is a path from the root on.")
    if not isinstance(locale, dict) or not all(isinstance(locale.get(name, ""), str) for name in LOCALE):
        raise MisuseError("api 3.1: `locale` has strings.")
    try:
        options = read(words)
    except SystemExit:  # --help
        raise MisuseError("api 3.1: these words are no command.") from None
    if options.module not in IN_NODE or options.ephemeral:
        raise MisuseError("api 3.1: this command does not run inside of a node.")
    options.folder = folder
    options.locale = {name: locale[name] for name in LOCALE if name in locale}
    return options, _screen(screen)


def _screen(told: object) -> Screen:
    if isinstance(told, dict):
        typed, result, notes, columns = (told.get(name) for name in ("typed", "result", "notes", "columns"))
        if (
            isinstance(typed, bool)
            and isinstance(result, bool)
            and isinstance(notes, bool)
            and isinstance(columns, int)
            and 1 <= columns <= COLUMNS_MAX
        ):
            return Screen(is_typed_at=typed, result_is_seen=result, notes_are_seen=notes, columns=columns)
    raise MisuseError("api 3.1: `screen` has `typed`, `result`, `notes`, and `columns`.")

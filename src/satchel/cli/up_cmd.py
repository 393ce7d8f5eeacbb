"""`satchel up`: the node, until it is ended."""

import argparse
import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from satchel.carriers.lan.lan import require_free_port
from satchel.cli import local_socket
from satchel.cli.home import absolute
from satchel.cli.jobs import CommandJobs
from satchel.cli.own_node import a_node, folders_of, taking_into
from satchel.cli.profile import Profile, open_profile, refuse_ephemeral
from satchel.cli.run import run_until_done
from satchel.cli.show import JsonShow, Show
from satchel.core.discovery.beacon import Mode
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.delivery.taking import Accept, TakingNode
from satchel.node.node import Node
from satchel.store.landlock import confine_thread
from satchel.web.api import Api
from satchel.web.serving import serve

JOBS_END_S = 1.5  # for commands that run inside; `satchel lock` insists after three seconds
HELD_MAX = 10_000  # events for a screen that stands still
LAST_WORDS_S = 0.5


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    if options.port:
        require_free_port(options.port)
        show.warning(_is_a_pseudonym(options.port))
    with closing(open_profile(options, show)) as profile, ExitStack() as stack:
        assert profile.folder is not None
        home = profile.folder.home
        jobs = CommandJobs(profile)  # first: its thread keeps the rights that this one gives away
        listening = stack.enter_context(local_socket.listen(home))
        stack.callback(_remove_socket, profile)
        into = _downloads(options.into)
        accept = Accept(options.accept)
        taking = None if accept is Accept.NONE else taking_into(into, profile, accept)
        confine_thread([*profile.writable, *(folders_of(profile, into) if taking is not None else ())])
        mode = Mode.QUIET if options.quiet else Mode.OPEN

        async def work() -> None:
            with suppress(asyncio.CancelledError):  # Ctrl-C, SIGTERM or lock: so it ends
                await _run_node(show, profile, jobs, listening, mode=mode, taking=taking, port=options.port)

        run_until_done(work, show)
    show.done(text="Done: Satchel has ended. Your contacts do not find you any more.")
    return 0


async def _run_node(
    show: Show,
    profile: Profile,
    jobs: CommandJobs,
    listening: socket.socket,
    *,
    mode: Mode,
    taking: TakingNode | None,
    port: int,
) -> None:
    """Until it is cancelled. Raises what went wrong inside."""
    task = asyncio.current_task()
    assert task is not None
    async with a_node(profile, mode=mode, taking=taking, port=port) as node:
        jobs.serve(node)
        herald = Herald(show, node)
        with herald.telling(), node.presence.listening(herald.hear):
            running = [
                asyncio.ensure_future(node.run()),
                asyncio.ensure_future(jobs.keep_house()),
                asyncio.ensure_future(serve(Api(node, jobs, task.cancel).app(), listening)),
            ]
            try:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            finally:
                with suppress(TimeoutError):
                    async with asyncio.timeout(JOBS_END_S):
                        await jobs.end()
                for one in running:
                    one.cancel()
                ended = await asyncio.gather(*running, return_exceptions=True)
        for problem in ended:
            if isinstance(problem, Exception):
                raise problem


class Herald:
    """Says on the screen of the node who comes and goes, and what goes to them and comes from them.

    On a screen, or to a script that has asked for it. What a system keeps of a program that it starts is
    neither: nothing of whom somebody met, and when, goes into such a log (T1).

    From a thread of its own: a screen may stand still (Ctrl-S, `less`), and the node goes on meanwhile.
    """

    def __init__(self, show: Show, node: Node) -> None:
        self._show = show
        self._node = node
        self._told: list[str] | None = None  # the addresses
        self._heard: queue.Queue[events.Event | None] = queue.Queue(HELD_MAX)

    def hear(self, event: events.Event) -> None:
        """From any thread; returns at once. What is too much for a screen that stands still is left out."""
        with suppress(queue.Full):
            self._heard.put_nowait(event)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """While the block runs; and what was heard in it, if the screen takes that soon."""
        thread = threading.Thread(target=self._tell_all, name="satchel-herald", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with suppress(queue.Full):
                self._heard.put_nowait(None)
            thread.join(LAST_WORDS_S)

    def _tell_all(self) -> None:
        while (event := self._heard.get()) is not None:
            self._tell(event)

    def _tell(self, event: events.Event) -> None:
        if not isinstance(event, events.Reachable):
            if isinstance(self._show, JsonShow) or self._is_on_screen(event):
                self._show.hear(event)
            return
        addresses = self._node.addresses()
        if self._told is None:
            self._tell_ready(addresses)
        elif addresses != self._told and isinstance(self._show, JsonShow):
            self._show.hear(events.Listening(addresses=tuple(addresses)))
        self._told = addresses

    def _is_on_screen(self, event: events.Event) -> bool:
        if isinstance(event, events.ByContact) and isinstance(event.event, events.NoteReceived):
            return False  # its reader has it, at another screen
        return self._show.console.result_is_seen and self._show.console.notes_are_seen

    def _tell_ready(self, addresses: list[str]) -> None:
        mode = self._node.presence.mode
        if isinstance(self._show, JsonShow):
            self._show.line("ready", mode=mode.name.lower(), addresses=addresses)
            return
        self._show.console.write("Satchel is running. Ctrl-C ends it.\n")
        if mode is Mode.QUIET:
            self._show.note("It is quiet: it finds contacts who are open, and says nothing itself.")
        else:
            self._show.note("Your contacts around you find this device; nobody else learns who you are.")


def _is_a_pseudonym(port: int) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"With a fixed port ({port}) whoever watches several networks can tell that this is the same device.",
        safe="They still learn no name, and not who your contacts are.",
        do="Leave out --port, unless a firewall lets nothing else through.",
    )


def _downloads(given: str | None) -> Path:
    """What was given, else the person's downloads folder."""
    if given is not None:
        return absolute(given)
    from platformdirs import user_downloads_path  # noqa: PLC0415 - only where it is asked

    return user_downloads_path()


def _remove_socket(profile: Profile) -> None:
    assert profile.folder is not None
    with suppress(OSError):
        local_socket.remove(profile.folder.home)

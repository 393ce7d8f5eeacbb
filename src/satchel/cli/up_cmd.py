"""`satchel up`: the node, until it is ended."""

import argparse
import asyncio
import queue
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from satchel.carriers.lan.lan import require_free_port
from satchel.cli import local_socket, owner_page
from satchel.cli.arrivals import Arrivals
from satchel.cli.guests_cmd import tell_door
from satchel.cli.guests_door import GuestsDoor
from satchel.cli.home import home_folder
from satchel.cli.jobs import CommandJobs
from satchel.cli.own_node import a_node, folders_of, mode_of
from satchel.cli.owner_page import OwnerPage
from satchel.cli.profile import Profile, open_taken, protect, receptions, refuse_ephemeral
from satchel.cli.run import run_until_done
from satchel.cli.show import JsonShow, Show
from satchel.cli.undisturbed import undisturbed
from satchel.confinement.landlock import confine_thread
from satchel.core.discovery.beacon import Mode
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.node import Node
from satchel.store.key_file import wipe_key_file
from satchel.store.landing import FolderLanding
from satchel.store.profile import ProfileFolder, ProfileInUse
from satchel.web.api import Api
from satchel.web.serving import serve
from satchel.web.uploads import UploadRoutes

JOBS_END_S = 1.5  # for commands that run inside; `satchel lock` insists after three seconds
HELD_MAX = 10_000  # events for a screen that stands still
LAST_WORDS_S = 0.5


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    if options.port:
        require_free_port(options.port)
        show.warning(_is_a_pseudonym(options.port))
    home = home_folder(options.home)
    browser = None if options.no_browser or options.json else owner_page.browser()
    with ExitStack() as stack:
        folder = _take(home, browser)
        if folder is None:
            show.done(text="Satchel is running with this profile already: here is its page.")
            return 0
        stack.callback(folder.close)
        page = stack.enter_context(closing(OwnerPage.begin(home)))
        if browser is not None:
            owner_page.show_in_browser(browser, home)
            stack.enter_context(page.telling_why(show))
        protect()
        opened = page.open(folder, show) if browser is not None else open_taken(folder, show)
        profile = stack.enter_context(closing(opened))
        end = _End(profile)
        jobs = CommandJobs(profile)  # first: its thread keeps the rights that this one gives away
        listening = stack.enter_context(local_socket.listen(home))
        stack.callback(_remove_socket, profile)
        arrivals = Arrivals(options.into, profile)
        taking = arrivals.taking(options.accept, show)
        folders = folders_of(profile, arrivals.of_contacts) if taking is not None else ()
        confine_thread([*profile.writable, *folders])
        if options.guests:
            profile.guests.open(lan_open=False, for_s=None)
        mode = _mode(options, profile)

        async def work() -> None:
            with suppress(asyncio.CancelledError):  # Ctrl-C, SIGTERM, lock or wipe: so it ends
                async with a_node(profile, mode=mode, taking=taking, port=options.port) as node:
                    jobs.serve(node)
                    end.ends(asyncio.current_task())
                    uploads = UploadRoutes(profile.uploads)
                    served = [
                        node.run(),
                        jobs.keep_house(),
                        serve(Api(node, jobs, uploads, end.now, guests=profile.guests.told).app(), listening),
                        page.serve(
                            node, jobs, profile, uploads, arrivals=arrivals, lock=end.now, wipe=end.wipe
                        ),
                    ]
                    herald = Herald(show, node, page.url, guests=profile.guests)
                    await _run_node(herald, node, jobs, served)

        run_until_done(work, show)
        profile.guests.close()  # before anything is wiped under it
        end.wipe_if_asked()
    show.done(text="Done: Satchel has ended. Your contacts do not find you any more.")
    return 0


def _take(home: Path, browser: Sequence[str] | None) -> ProfileFolder | None:
    """None: another Satchel has it, and its page was opened. Raises EnvironmentProblem."""
    try:
        return ProfileFolder.take(home)
    except ProfileInUse:
        if browser is None or not owner_page.is_served(home):
            raise
        owner_page.show_in_browser(browser, home)
        return None


class _End:
    """How a node is ended from inside, and what is left to do then."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._task: asyncio.Task[object] | None = None
        self._wipes = False

    def ends(self, task: asyncio.Task[object] | None) -> None:
        self._task = task

    def now(self) -> None:
        assert self._task is not None
        self._task.cancel()

    def wipe(self) -> None:
        """The key is gone when this returns; all the rest goes when the node has ended. From any thread.

        Raises EnvironmentProblem: it is not.
        """
        assert self._profile.folder is not None
        self._wipes = True
        wipe_key_file(self._profile.folder.home)

    def wipe_if_asked(self) -> None:
        """When nothing runs any more. Raises EnvironmentProblem: what is left."""
        if not self._wipes:
            return
        assert self._profile.folder is not None
        with undisturbed():  # somebody is at the door: no half of it
            unfinished = receptions(self._profile.records)
            self._profile.database.close()
            self._profile.folder.wipe()
            for head in unfinished:
                FolderLanding.sweep(head.into, head.id)


async def _run_node(
    herald: "Herald", node: Node, jobs: CommandJobs, served: Sequence[Coroutine[None, None, None]]
) -> None:
    """Until it is cancelled. Raises what went wrong inside."""
    with herald.telling(), node.presence.listening(herald.hear):
        running = [asyncio.ensure_future(one) for one in served]
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

    def __init__(self, show: Show, node: Node, page_url: str, *, guests: GuestsDoor | None = None) -> None:
        """`guests`: their door, where it is to be told of."""
        self._show = show
        self._guests = guests
        self._node = node
        self._page_url = page_url
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
        opened = self._guests.now if self._guests is not None else None
        if isinstance(self._show, JsonShow):
            self._show.line(
                "ready",
                mode=mode.name.lower(),
                addresses=addresses,
                owner_url=self._page_url,
                guest_url=opened.first_url() if opened is not None else None,
            )
            return
        self._show.console.write("Satchel is running. Ctrl-C ends it.\n")
        self._show.note(f"Its page, for your browser on this machine:  {self._page_url}")
        if mode is Mode.QUIET:
            self._show.note("It is quiet: it finds contacts who are open, and says nothing itself.")
        else:
            self._show.note("Your contacts around you find this device; nobody else learns who you are.")
        if opened is not None:
            tell_door(self._show, opened)


def _is_a_pseudonym(port: int) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"With a fixed port ({port}) whoever watches several networks can tell that this is the same device.",
        safe="They still learn no name, and not who your contacts are.",
        do="Leave out --port, unless a firewall lets nothing else through.",
    )


def _mode(options: argparse.Namespace, profile: Profile) -> Mode:
    if options.quiet is None:
        return mode_of(profile)
    return Mode.QUIET if options.quiet else Mode.OPEN


def _remove_socket(profile: Profile) -> None:
    assert profile.folder is not None
    with suppress(OSError):
        local_socket.remove(profile.folder.home)

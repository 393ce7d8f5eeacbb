"""`satchel up`: the node, until it is ended."""

import argparse
import asyncio
import socket
from contextlib import ExitStack, closing, suppress

from satchel.carriers.lan.addresses import show_endpoint
from satchel.carriers.lan.lan import LocalNetwork
from satchel.cli import local_socket
from satchel.cli.jobs import CommandJobs
from satchel.cli.profile import Profile, open_profile, refuse_ephemeral
from satchel.cli.run import run_until_done
from satchel.cli.show import JsonShow, Show
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.clocks import BUILT_S
from satchel.node import clock, events
from satchel.node.delivery.tickets import Tickets
from satchel.node.encounter import keep_company
from satchel.node.entropy import SystemEntropy
from satchel.node.node import Node
from satchel.node.node_clock import NodeClock
from satchel.store.landlock import confine_thread
from satchel.web.api import Api
from satchel.web.serving import serve

JOBS_END_S = 1.5  # for commands that run inside; `satchel lock` insists after three seconds


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    with closing(open_profile(options, show)) as profile, ExitStack() as stack:
        assert profile.folder is not None
        home = profile.folder.home
        jobs = CommandJobs(profile)  # first: its thread keeps the rights that this one gives away
        listening = stack.enter_context(local_socket.listen(home))
        stack.callback(_remove_socket, profile)
        confine_thread(profile.writable)
        mode = Mode.QUIET if options.quiet else Mode.OPEN

        async def work() -> None:
            with suppress(asyncio.CancelledError):  # Ctrl-C, SIGTERM or lock: so it ends
                await _run_node(show, profile, jobs, listening, mode)

        run_until_done(work, show)
    show.done(text="Done: Satchel has ended. Your contacts do not find you any more.")
    return 0


async def _run_node(
    show: Show, profile: Profile, jobs: CommandJobs, listening: socket.socket, mode: Mode
) -> None:
    """Until it is cancelled. Raises what went wrong inside."""
    entropy = SystemEntropy()
    task = asyncio.current_task()
    assert task is not None
    async with LocalNetwork(
        listening=True, whispers=True, draw=entropy.draw, now_s=clock.awake_and_asleep_s
    ) as lan:
        node = Node(
            lan=lan,
            entropy=entropy,
            contacts=profile.contacts,
            records=profile.records,
            node_clock=NodeClock(profile.contacts, build_s=BUILT_S),
            mode=mode,
            talk=keep_company,
            tickets=Tickets(entropy),
            show_address=show_endpoint,
        )
        jobs.serve(node)
        herald = _Herald(show, node)
        with node.presence.listening(herald.hear):
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


class _Herald:
    """Says on the screen of the node who comes and goes."""

    def __init__(self, show: Show, node: Node) -> None:
        self._show = show
        self._node = node
        self._told: list[str] | None = None  # the addresses

    def hear(self, event: events.Event) -> None:
        if not isinstance(event, events.Reachable):
            self._show.hear(event)
            return
        addresses = self._node.addresses()
        if self._told is None:
            self._tell_ready(addresses)
        elif addresses != self._told and isinstance(self._show, JsonShow):
            self._show.hear(events.Listening(addresses=tuple(addresses)))
        self._told = addresses

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


def _remove_socket(profile: Profile) -> None:
    assert profile.folder is not None
    with suppress(OSError):
        local_socket.remove(profile.folder.home)

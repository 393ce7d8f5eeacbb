"""A node in this process: for `satchel up`, and for a command that runs one for its own duration."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from satchel.carriers.lan.addresses import show_endpoint
from satchel.carriers.lan.lan import LocalNetwork
from satchel.cli.offered import look_at, source_of
from satchel.cli.profile import Profile
from satchel.cli.recording import recorder_of
from satchel.core.discovery.beacon import Mode
from satchel.core.handover.messages import EntryKind
from satchel.core.identity.settings import Accept
from satchel.node import clock, events
from satchel.node.delivery.desk import Desk, Question
from satchel.node.delivery.taking import TakingNode
from satchel.node.entropy import SystemEntropy
from satchel.node.hardware import has_aes
from satchel.node.node import Node
from satchel.node.own_thread import in_own_thread
from satchel.ports import Role
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding


def taking_into(into: Path, profile: Profile, accept: Accept) -> TakingNode:
    """What contacts give goes there. Before rights are given away: the folder is made, if it is not there.

    Raises EnvironmentProblem: it cannot be used.
    """
    return TakingNode(
        records=profile.records,
        entropy=SystemEntropy(),
        desk=Desk(),
        chosen=ChosenFolder.open(into),
        into=os.fsencode(into),
        reopen=lambda id, folder: FolderLanding.reopen(folder, id),
        sweep=FolderLanding.sweep,
        accept=accept,
        aes=has_aes(),
    )


def mode_of(profile: Profile) -> Mode:
    """As the person has set it."""
    return Mode.QUIET if profile.settings.now.quiet else Mode.OPEN


def folders_of(profile: Profile, into: Path) -> list[Path]:
    """Where a node writes what contacts give: what is unfinished goes on where it began."""
    begun = [head for head in profile.records.of_contacts(Role.RECEIVER) if not head.is_refused]
    return [into, *sorted({Path(os.fsdecode(head.into)) for head in begun} - {into})]


@asynccontextmanager
async def a_node(
    profile: Profile, *, mode: Mode, taking: TakingNode | None, port: int = 0
) -> AsyncIterator[Node]:
    """Made on a network of its own; to be run by who made it. `port`: see LocalNetwork."""
    entropy, contacts = SystemEntropy(), profile.contacts
    office = await in_own_thread(lambda: profile.post.office)
    async with LocalNetwork(
        listening=True, whispers=True, port=port, draw=entropy.draw, now_s=clock.awake_and_asleep_s
    ) as lan:
        node = Node(
            lan=lan,
            entropy=entropy,
            contacts=contacts,
            records=profile.records,
            queue=profile.queue,
            source=source_of(profile),
            look_at=lambda paths: look_at(paths, profile.uploads).entries,
            taking=taking,
            office=office,
            node_clock=profile.post.clock,
            mode=mode,
            show_address=show_endpoint,
            record=recorder_of(profile).hear,
        )
        if taking is not None:
            taking.desk.tell = lambda question: node.presence.hear(asked(question))
        deaf = profile.post.listen(node.presence.hear)
        try:
            yield node
        finally:
            deaf()


@asynccontextmanager
async def running_node(profile: Profile, *, mode: Mode, taking: TakingNode | None) -> AsyncIterator[Node]:
    """A node that runs as long as the block, which is cancelled when something goes wrong inside; that is
    raised then."""
    block = asyncio.current_task()
    assert block is not None
    async with a_node(profile, mode=mode, taking=taking) as node:
        task = asyncio.ensure_future(node.run())
        task.add_done_callback(lambda ended: None if ended.cancelled() else block.cancel())
        try:
            yield node
        finally:
            task.cancel()
            [ended] = await asyncio.gather(task, return_exceptions=True)
            if isinstance(ended, Exception):
                raise ended


def asked(question: Question) -> events.Asked:
    """For the screen of the node."""
    files = [entry for entry in question.entries if entry.kind is EntryKind.FILE]
    return events.Asked(
        contact=question.contact,
        name=question.name,
        is_verified=question.is_verified,
        files=len(files),
        size_bytes=sum(entry.size for entry in files),
        has_text=question.note is not None,
    )

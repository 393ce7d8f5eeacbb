"""`satchel receive --from`: what a contact offers, looked at and taken, or not."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from satchel.cli import units
from satchel.cli.ask import Asker
from satchel.cli.contacts_cmd import named
from satchel.cli.own_node import folders_of, mode_of, running_node, taking_into
from satchel.cli.profile import LentProfile, Profile
from satchel.cli.run import run_until_done
from satchel.cli.settling import shown
from satchel.cli.show import Show
from satchel.core.discovery.rendezvous import RENDEZVOUS_OPEN_S
from satchel.core.identity.settings import Accept
from satchel.errors import AccessDenied, EnvironmentProblem, MisuseError, NothingToDo, SatchelError
from satchel.node import events
from satchel.node.delivery.desk import Question
from satchel.node.delivery.taking import TakingNode
from satchel.node.node import Node
from satchel.node.own_thread import in_own_thread
from satchel.node.receiving import Numbers
from satchel.ports.contacts import Contact

LOOK_EVERY_S = 0.2


def run(options: argparse.Namespace, show: Show, profile: Profile, into: Path) -> int:
    """Exit code. Raises SatchelError."""
    if options.resume or options.at:
        raise MisuseError(
            "--from goes without --resume and --at.",
            safe="Nothing was done.",
            do="What is unfinished with a contact goes on by itself. To dial an address: satchel meet --at",
        )
    contact = named(options.contact, profile.contacts)
    if isinstance(profile, LentProfile) and options.into is not None:
        raise MisuseError(
            "The running Satchel takes what contacts give into one folder, with which it was started.",
            safe="Nothing was received.",
            do="Without --into; or start it with another one: satchel lock, satchel up --into DIR",
        )
    taking = _Taking(show, profile, contact, into, yes=options.yes)
    run_until_done(taking.work, show, stopped=_stopped())
    if taking.is_declined:
        raise AccessDenied("You declined.", safe="No file was written.", do="Ask them to send it again.")
    what = units.files(taking.files) if taking.files or not taking.is_text else "a text"
    text = f"Done: {what} from {shown(contact)}."
    show.done(text=text, files=taking.files, failed=show.failed)
    return 1 if show.failed else 0


class _Taking:
    """From one contact, until one thing of theirs is in place, or declined."""

    def __init__(self, show: Show, profile: Profile, contact: Contact, into: Path, *, yes: bool) -> None:
        self._show = show
        self._profile = profile
        self._contact = contact
        self._into = into
        self._yes = yes
        self._over = False
        self._problem: SatchelError | None = None
        self.is_declined = False
        self.files = 0
        self.is_text = False

    async def work(self) -> None:
        loop = asyncio.get_running_loop()

        def hear(event: events.Event) -> None:  # whoever reads here may stand still: the node goes on
            loop.call_soon_threadsafe(self._hear, event)

        async with self._node() as node:
            if node.accept is Accept.NONE:
                raise AccessDenied(
                    "This Satchel takes nothing from contacts.",
                    safe="Nothing was received.",
                    do="satchel settings set accept ask; or start it again, without --accept none",
                )
            with node.presence.listening(hear):
                self._show.note(f"Looking at what {shown(self._contact)} offers ... (Ctrl-C to stop)")
                try:
                    async with asyncio.timeout(RENDEZVOUS_OPEN_S):
                        question = await self._question(node)
                except TimeoutError:
                    raise _nothing(self._contact) from None
                if question is not None:
                    await self._answer(node, question)
                while not self._over and self._problem is None:
                    await asyncio.sleep(LOOK_EVERY_S)
                if self._problem is not None:
                    raise self._problem

    @asynccontextmanager
    async def _node(self) -> AsyncIterator[Node]:
        if isinstance(self._profile, LentProfile):
            yield self._profile.node
            return
        taking = taking_into(self._into, self._profile, Accept.ASK)
        self._profile.confine(*folders_of(self._profile, self._into))
        async with running_node(self._profile, mode=mode_of(self._profile), taking=taking) as node:
            yield node

    async def _question(self, node: Node) -> Question | None:
        """What is asked of this contact; None: something of theirs was taken without."""
        assert node.taking is not None
        while not self._over:
            for question in node.taking.desk.questions():
                if question.contact == self._contact.id:
                    return question
            await asyncio.sleep(LOOK_EVERY_S)
        return None

    async def _answer(self, node: Node, question: Question) -> None:
        """Raises EnvironmentProblem: there is no room for it, or the disk does not say."""
        assert node.taking is not None
        word = await in_own_thread(self._decide, question, node.taking)
        node.taking.desk.answer(question.number, word)
        if word is None:
            self.is_declined = self._over = True

    def _decide(self, question: Question, taking: TakingNode) -> Numbers | None:
        if not question.entries:
            self._show.ask("text")
            if self._yes:
                return range(0)
            typed = self._show.console.read_line("A text. Read it? [Y]es, [n]o: ")
            return None if typed is None or typed.strip().lower() in ("n", "no") else range(0)
        free_bytes = taking.chosen.free_bytes()  # now: room may have been made since it was asked
        offer = events.OfferShown(entries=question.entries, free_bytes=free_bytes)
        return Asker(self._show, yes=self._yes, text_only=False).decide(offer)

    def _hear(self, event: events.Event) -> None:
        if not isinstance(event, events.ByContact) or event.giving or event.contact != self._contact.id:
            return
        self._show.hear(event)
        match event.event:
            case events.FilePlaced():
                self.files += 1
            case events.NoteReceived():
                self.is_text = True
            case events.Delivered():
                self._over = True
            case events.Declined():
                self._problem = AccessDenied(
                    "It was stopped here, for good.",
                    safe="What was whole stays; what was there in part was removed.",
                    do="Ask them to send it again, if you want it after all.",
                )
            case events.Trouble(problem=problem):
                self._problem = problem
            case _:
                pass


def _nothing(contact: Contact) -> NothingToDo:
    return NothingToDo(
        f"{shown(contact)} offered nothing in fifteen minutes.",
        safe="Nothing was received.",
        do="Are they near? satchel status says so; satchel doctor says what may keep you apart.",
    )


def _stopped() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Stopped.",
        safe="What has arrived stays, and nothing unfinished stands under a final name.",
        do="What you have accepted goes on by itself when you meet again: satchel up",
    )

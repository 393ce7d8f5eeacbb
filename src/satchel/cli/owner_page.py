"""The owner's page of a node: where it listens, how the browser comes in, and what is behind it.

Spec: docs/spec/page.md.
"""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from satchel.cli import qr
from satchel.cli.arrivals import Arrivals
from satchel.cli.contact_lines import about_copy_told
from satchel.cli.contacts_cmd import named
from satchel.cli.owner_books import OwnerBooks
from satchel.cli.passphrases import offer_words, refuse_weak, seal_here
from satchel.cli.profile import Profile, make_bare, open_with_key
from satchel.cli.run import run_until_done
from satchel.cli.show import Show
from satchel.cli.sticks import sticks
from satchel.core.identity.keyfile import KEY_BYTES, Bare, KeyFile, Sealed, decode, encode, unseal
from satchel.core.identity.settings import Setting, Settings
from satchel.core.sealing.letter import LetterId
from satchel.errors import EnvironmentProblem, MisuseError, SatchelError
from satchel.node.entropy import SystemEntropy
from satchel.node.node import Node
from satchel.problems import disk_problems
from satchel.store.profile import PAGE, ProfileFolder
from satchel.web.api import Jobs
from satchel.web.owner.door import Door
from satchel.web.owner.entrance import file_content
from satchel.web.owner.errands import Problem
from satchel.web.owner.frame import LOOKS, Frame
from satchel.web.owner.gate import ADDRESS, Gate
from satchel.web.owner.inside import Inside
from satchel.web.owner.keeping import Keeper
from satchel.web.owner.news import News
from satchel.web.owner.under_way import Errands
from satchel.web.owner.world import World
from satchel.web.serving import serve
from satchel.web.uploads import UploadRoutes

BACKLOG = 64
ASKED_AGAIN_S = 5.0
HANDLES_BYTES = 32
SNAPS = Path("/snap/bin")
_IN_A_SNAP = (  # docs/decisions/0175
    "If the browser says that it may not read the file: in a snap it reads no hidden folder. Take another"
    " browser, or keep the profile in another folder:  satchel up --home ~/Satchel"
)


class OwnerPage:
    """From the start of the process to its end: before the profile is open, and after."""

    def __init__(self, home: Path, listening: socket.socket, gate: Gate) -> None:
        self._home = home
        self._listening = listening
        self.gate = gate
        self._chosen: str | None = None  # the language, before there are settings to keep it in
        self._is_awaited = False  # by a browser that was led on, to a page that is not served yet

    @classmethod
    def begin(cls, home: Path) -> "OwnerPage":
        """For who holds the profile. Raises EnvironmentProblem."""
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            with disk_problems(f"make the page of the profile {str(home)!r}"):
                listening.bind((ADDRESS, 0))
                listening.listen(BACKLOG)
                gate = Gate(port=listening.getsockname()[1], draw=SystemEntropy().draw)
                _write(home, file_content(gate))
        except BaseException:
            listening.close()
            raise
        return cls(home, listening, gate)

    @property
    def url(self) -> str:
        """Of the file that lets the browser in: it says nothing to who cannot read it."""
        return file_url(self._home)

    def close(self) -> None:
        """May be repeated."""
        self._listening.close()
        with suppress(OSError):
            (self._home / PAGE).unlink()

    # --- before the profile is open -----------------------------------------------------------------

    def open(self, folder: ProfileFolder, show: Show) -> Profile:
        """Ask at the page for what the profile needs: nothing, a passphrase, or how to begin.

        Raises SatchelError.
        """
        if may_be_unreadable(self._home):
            show.note(_IN_A_SNAP)
        opener = _Opener(folder)
        if opener.key is None:
            show.note(f"The page of this Satchel asks for the passphrase:  {self.url}")
            show.note("To type it here instead: Ctrl-C, then  satchel up --no-browser")
            run_until_done(lambda: self._serve_door(opener), show)
            self._chosen, self._is_awaited = opener.language, True
        assert opener.file is not None
        assert opener.key is not None
        profile = open_with_key(folder, opener.file, opener.key, show)
        if opener.language is not None:
            with suppress(EnvironmentProblem):  # a full disk: it is asked for again
                profile.settings.put(Setting.LANGUAGE, opener.language.encode())
        return profile

    async def _serve_door(self, opener: "_Opener") -> None:
        # Its stream ends with it, and is not the one of the pages inside.
        frame = Frame(self.gate, chosen=lambda: opener.language, live="live.js?door")
        door = Door(frame, opener)
        serving = asyncio.ensure_future(serve(door.app(), self._listening.dup()))
        opened = asyncio.ensure_future(door.opened.wait())
        try:
            await asyncio.wait([serving, opened], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (serving, opened):
                task.cancel()
            await asyncio.gather(serving, opened, return_exceptions=True)

    @contextmanager
    def telling_why(self, show: Show) -> Iterator[None]:
        """What goes wrong in the block, before the pages are there, is told to the browser that waits for
        them: who starts Satchel from a menu sees no terminal [3.7]."""
        try:
            yield
        except SatchelError as problem:
            if self._is_awaited:
                with suppress(SatchelError):  # nobody asks any more
                    run_until_done(partial(self._serve_why, problem), show)
            raise

    async def _serve_why(self, problem: SatchelError) -> None:
        frame, told = Frame(self.gate, chosen=lambda: self._chosen), asyncio.Event()

        async def tell(request: Request) -> Response:
            told.set()
            return frame.show(request, "failed.html", status=503, problem=Problem.of(problem))

        serving = asyncio.ensure_future(serve(frame.app([Route("/", tell)]), self._listening.dup()))
        with suppress(TimeoutError):
            async with asyncio.timeout(ASKED_AGAIN_S):
                await told.wait()
                await frame.last_page_left(LOOKS)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    # --- afterwards ---------------------------------------------------------------------------------

    async def serve(
        self,
        node: Node,
        jobs: Jobs,
        profile: Profile,
        uploads: UploadRoutes,
        *,
        arrivals: Arrivals,
        lock: Callable[[], object],
        wipe: Callable[[], object],
    ) -> None:
        """Until it is cancelled. On the node's loop."""
        self._is_awaited = False

        def asks() -> int:
            return len(node.asked()) + errands.asks()

        news = News(asks)
        jobs.ended = news.tell
        errands = Errands(jobs, news, folder=os.fspath(arrivals.of_contacts))
        books = OwnerBooks(profile, lambda: _language(profile.settings.now))
        world = World(
            lock=lock,
            wipe=wipe,
            look=lambda: _findings(self._home),
            draw_picture=qr.draw_svg,
            copies=lambda: [about_copy_told(copy) for copy in node.copies()],
            keeper=Keeper(
                has_passphrase=lambda: isinstance(profile.file, Sealed),
                offer=offer_words,
                backups=lambda: os.fspath(arrivals.by_code()),
            ),
            into=os.fspath(arrivals.of_contacts),
            into_by_code=lambda: os.fspath(arrivals.by_code()),
            handles=SystemEntropy().draw(HANDLES_BYTES),
            remembers=lambda: profile.settings.now.history,
            attachment=partial(_attachment, profile),
            sticks=sticks,
            uploads=uploads,
            books=books.world(),
        )
        frame = Frame(self.gate, chosen=lambda: _language(profile.settings.now), asks=asks)
        inside = Inside(frame, node, errands, news, world)
        try:
            with node.presence.listening(inside.hear):
                await serve(inside.app(), self._listening.dup())
        finally:
            await books.end()


class _Opener:
    """See web.owner.door.Opener."""

    def __init__(self, folder: ProfileFolder) -> None:
        self._folder = folder
        data = folder.read_key_file()
        self.file: KeyFile | None = decode(data) if data is not None else None
        self.key: bytes | None = self.file.key if isinstance(self.file, Bare) else None
        self._offered = offer_words()
        self.language: str | None = None

    @property
    def is_new(self) -> bool:
        return self.file is None

    @property
    def has_passphrase(self) -> bool:
        return isinstance(self.file, Sealed)

    def offer(self) -> str:
        return self._offered

    def speak(self, language: str) -> None:
        self.language = language

    def begin(self, passphrase: str | None) -> None:
        if self.file is not None:
            raise MisuseError("There is a profile here already.", safe="It was not changed.")
        if passphrase is None:
            self.file = decode(make_bare(self._folder))
            assert isinstance(self.file, Bare)
            self.key = self.file.key
            return
        refuse_weak(passphrase)
        key = SystemEntropy().draw(KEY_BYTES)
        file = seal_here(key, passphrase)
        self._folder.create(encode(file), key)
        self.file, self.key = file, key

    def open(self, passphrase: str) -> None:
        if not isinstance(self.file, Sealed):
            raise MisuseError("There is no profile here yet.", safe="Nothing was changed.")
        self.key = unseal(self.file, passphrase)


def _attachment(profile: Profile, contact: str, letter: str, number: int) -> bytes:
    """A file of a letter. Raises MisuseError, NothingToDo, EnvironmentProblem."""
    whose = named(contact, profile.contacts)
    return profile.post.letters.attachment(whose.id, LetterId(bytes.fromhex(letter)), number)


def _language(settings: Settings) -> str | None:
    return settings.language.value if settings.language is not None else None


def file_url(home: Path) -> str:
    return (home / PAGE).absolute().as_uri()


def is_served(home: Path) -> bool:
    """Whether the Satchel that has the profile has a page."""
    return (home / PAGE).exists()


def may_be_unreadable(home: Path) -> bool:
    """Whether a browser of this machine may not read the profile: one in a snap reads no hidden folder."""
    is_hidden = any(part.startswith(".") for part in home.absolute().parts)
    return is_hidden and any((SNAPS / name).exists() for name in ("firefox", "chromium"))


def browser() -> list[str] | None:
    """The command that shows a file in the person's browser; None: there is no screen for one."""
    if chosen := os.environ.get("BROWSER"):
        return [chosen]
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        found = shutil.which("xdg-open")
        return [found] if found is not None else None
    return None


def show_in_browser(command: Sequence[str], home: Path) -> None:
    """Before rights are given away: the browser would be without them, too. What goes wrong is nobody's loss:
    the page's address is told as well."""
    with suppress(OSError):
        subprocess.Popen(  # noqa: S603 - the person's own browser; what is secret stands in the file
            [*command, file_url(home)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _write(home: Path, content: bytes) -> None:
    """Raises OSError."""
    (home / PAGE).unlink(missing_ok=True)
    file = os.open(home / PAGE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(content)


def _findings(home: Path) -> list[dict[str, Any]]:
    """What `satchel doctor` says."""
    from satchel.cli.doctor_cmd import examine  # noqa: PLC0415 - only where it is asked for

    _, findings = examine(home)
    return [asdict(finding) for finding in findings]

"""What a person reads and what a script reads: node events as lines.

For people, results go to stdout and everything that passes by goes to stderr; a progress line is drawn
only in a terminal. With --json, stdout carries one JSON object per line, each with `event`
(docs/spec/cli.md). Both are told things by several threads.
"""

import json
import textwrap
import threading
import unicodedata
from collections.abc import Iterable, Sequence

from satchel.cli import streams, units
from satchel.cli.console import Console, Terminal
from satchel.cli.contact_lines import ContactEvent, about_copy, about_delivery, about_leaving, about_question
from satchel.cli.json_lines import BOOLEANS, json_path, offer_in_parts, sentences
from satchel.cli.letter_lines import LetterEvent, about_letter, letter_fields
from satchel.cli.progress import Crowd, ProgressLine
from satchel.core.handover.messages import Entry, Failure, Path
from satchel.errors import SatchelError
from satchel.escape import show_name, show_path, show_text
from satchel.node import events

RENAMED_SHOWN_MAX = 20
ADDRESSES_SHOWN_MAX = 4
FRAME = "| "
FAILURES = {
    Failure.CHANGED: "it was changed while it was being sent",
    Failure.UNREADABLE: "it could not be read",
    Failure.FAILED_BEFORE: "it failed before the interruption",
    Failure.REFUSED_BY_DISK: "the receiving disk does not take this name",
}


def wrapped(text: str, columns: int) -> str:
    """Sentences broken between words; lines that begin with a space are a table and stay."""
    lines: list[str] = []
    for line in text.split("\n"):
        if len(line) <= columns or line.startswith(" "):
            lines.append(line)
        else:
            lines += textwrap.wrap(line, columns, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def advised(addresses: Sequence[str]) -> list[str]:
    """Those that another device may dial, the ones that are typed most easily first."""
    others = [address for address in addresses if not address.startswith(("127.", "[::1]"))]
    others.sort(key=lambda address: (address.startswith("[fe80:"), address.startswith("[")))
    return others[:ADDRESSES_SHOWN_MAX]


def framed(text: str, columns: int) -> str:
    """A text of another person: no line of it can be taken for one of ours, a wrapped one neither."""
    width = max(1, columns - len(FRAME) - 1)
    rows: list[str] = []
    for line in text.rstrip("\n").expandtabs(4).split("\n"):
        row, taken = "", 0
        for character in line:
            wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if row and taken + wide > width:
                rows.append(row)
                row, taken = "", 0
            row += character
            taken += wide
        rows.append(row)
    return "".join(f"{FRAME}{row}\n" for row in rows)


class JsonShow:
    """Events for scripts."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Terminal()
        self.failed = 0
        self._code: str | None = None
        self._lines = streams.Lines(self.console.write)
        self._whose: dict[str, object] = {}
        self._telling = threading.RLock()

    def line(self, event: object, **fields: object) -> None:
        self._lines.write(json.dumps({"event": event, **fields, **self._whose}) + "\n")

    def offer(self, entries: Iterable[tuple[int, Entry, int | None]], *, free_bytes: int) -> None:
        """What is offered: (number, entry, item) of each."""
        self._lines.write_parts(offer_in_parts(entries, free_bytes))

    def note(self, text: str) -> None:
        """Something for people only."""

    def left_out(self, path: bytes, why: str) -> None:
        """Something that was named, or lies in what was named, and cannot be sent."""
        self.line("left_out", path=path.decode("utf-8", "surrogateescape"), why=why)

    def hear(self, event: events.Event) -> None:
        if isinstance(event, events.FilePlaced):  # may come ten thousand times a second
            self._tell_placed(event)
            return
        with self._telling:
            self._hear(event)

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.FilePlaced():
                self._tell_placed(event)
            case events.CodeReady(code=code):
                self._code = code
            case events.Listening(addresses=addresses):
                first = addresses[0] if addresses else None
                if self._code is not None:
                    self.line("code", code=self._code, address=first, addresses=addresses)
                    self._code = None
                else:
                    self.line("address", address=first, addresses=addresses)
            case events.Searching(resuming=resuming):
                self.line("searching", resuming=resuming)
            case events.GuessCounted(number=number, of=of):
                self.line("guess", number=number, of=of)
            case events.Met(resumed=resumed):
                self.line("met", resumed=resumed)
            case events.OfferShown():
                pass  # ask.py shows it with its question
            case events.NoteReceived(text=text):
                self.line("text", text=text)
            case events.Progress():
                self.line(
                    "progress",
                    bytes=event.bytes_done,
                    of=event.bytes_of,
                    files=event.files_done,
                    files_of=event.files_of,
                    moved=event.bytes_moved,
                )
            case events.FileFailed(path=path, failure=failure):
                self.failed += 1
                self.line("failed", path=json_path(path), why=FAILURES[failure])
            case events.Declined():
                self.line("declined")
            case events.Given(number=number, of=of):
                self.line("given", number=number, of=of)
            case events.Trouble(problem=problem):
                self.line("trouble", what=problem.what, safe=problem.safe, do=problem.do)
            case events.ByReceiver(receiver=receiver, event=inner):
                self._hear_of(inner, receiver=receiver)
            case events.ByHandover(handover=handover, event=inner):
                self._hear_of(inner, handover=handover)
            case events.Lost(loss=loss):
                self.line("lost", why=loss.value)
            case events.Delivered():
                self.line("delivered")
            case events.CannotBeRead(problem=problem):
                self.line("unreadable", what=problem.what, safe=problem.safe, do=problem.do)
            case events.ByContact(name=name, giving=giving, handover=id, event=inner):
                self._hear_of(inner, contact=name, giving=giving, handover=id.hex())
            case _:
                self._hear_of_contact(event)

    def _hear_of_contact(self, event: ContactEvent | LetterEvent) -> None:
        match event:
            case events.Reachable() | events.LetterMoved():
                pass  # addresses are said by Listening, and how a letter stands when it is asked
            case events.PeerMet(name=name, verified=verified, shown=shown):
                self.line("peer", contact=name, verified=verified)
                for copy in shown:
                    self.warning(about_copy(copy, name))
            case events.PeerGone(name=name, broke=broke):
                self.line("gone", contact=name, broke=broke)
            case events.Asked(name=name, is_verified=verified, files=files, size_bytes=size, has_text=text):
                self.line("asked", contact=name, verified=verified, files=files, bytes=size, text=text)
            case _:
                self.line(**letter_fields(event))

    def _hear_of(self, event: events.Event, **whose: object) -> None:
        self._whose = whose
        self._hear(event)
        self._whose = {}

    def _tell_placed(self, event: events.FilePlaced) -> None:
        """No name in it has to be kept apart by a lock: the receiver's program tells it, of itself."""
        path, offered = event.path, event.offered
        if self._whose:  # of one contact among others
            names = {"path": json_path(path), "offered": json_path(offered)}
            self.line("placed", **names, already_there=event.already_there)
            return
        stands = json.dumps(json_path(path))
        called = stands if path == offered else json.dumps(json_path(offered))
        self._lines.write_soon(
            f'{{"event": "placed", "path": {stands}, "offered": {called}, '
            f'"already_there": {BOOLEANS[event.already_there]}}}\n'
        )

    def close(self) -> None:
        """Everything is out."""
        self._lines.close()

    def ask(self, what: str, *, offered: str | None = None) -> None:
        """A line is read from standard input next: `what`. An empty one takes what is offered."""
        self.line("ask", what=what, offered=offered)

    def warning(self, warning: SatchelError) -> None:
        """Something that the person ought to know, and that stops nothing."""
        self.line("warning", what=warning.what, safe=warning.safe, do=warning.do)

    def error(self, error: SatchelError) -> None:
        self.line("error", **sentences(error))

    def done(self, *, text: str, **fields: object) -> None:  # noqa: ARG002 - the text is for people
        self.line("done", **fields)


class PersonShow:
    """Events for people."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Terminal()
        self.failed = 0
        self._code: str | None = None
        self._receivers = 1
        self._resuming = self._meeting = False
        self._advised: list[str] | None = None
        self._renamed = 0
        self._same = 0
        self._progress = ProgressLine(self.console)
        self._crowd = Crowd()
        self._screen = threading.RLock()

    def note(self, text: str) -> None:
        """Lines beside the result."""
        if self.console.notes_are_seen:
            text = wrapped(text, self.console.columns)
        with self._screen:
            self._progress.clear()
            self.console.note(f"{text}\n")

    def left_out(self, path: bytes, why: str) -> None:
        """Something that was named, or lies in what was named, and cannot be sent."""
        self.note(f"Left out: {show_name(path)}: {why}")

    def hear(self, event: events.Event) -> None:
        with self._screen:
            self._hear(event)

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.CodeReady(code=code, receivers=receivers):
                self._code, self._receivers = code, receivers
            case events.Listening(addresses=addresses):
                self._tell_addresses(addresses)
            case events.Searching(meeting=True):
                self._meeting = True
                self.note("Looking for your contacts, for five minutes ... (Ctrl-C to stop)")
            case events.Searching(resuming=0):
                self.note("Looking for the other device ...")
            case events.Searching(resuming=resuming):
                self._resuming = True
                self.note(
                    f"Looking for the other side of {units.count(resuming, 'unfinished hand-over')} ..."
                )
            case events.GuessCounted(number=number, of=of):
                self.note(f"Somebody is entering a code (try {number} of {of}).")
            case events.Met(resumed=resumed):
                self.note("Found each other again." if resumed else "Found each other: the code is right.")
            case events.OfferShown():
                pass  # ask.py shows it with its question
            case events.NoteReceived(text=text):
                self._tell_text(text)
            case events.Progress():
                self._progress.draw(event)
            case events.FilePlaced(path=path, offered=offered, already_there=already_there):
                self._count_placed(path, offered, already_there)
            case events.FileFailed(path=path, failure=failure):
                self.failed += 1
                self.note(f"Not transferred: {show_path(path)}: {FAILURES[failure]}.")
            case events.Declined():
                self.note("Somebody looked at it and declined.")
            case events.Given(number=number, of=of):
                self.note(f"{number} of {of} have it.")
            case events.Trouble(problem=problem):
                self.error(problem)
            case events.Delivered() | events.CannotBeRead():
                pass  # told of a contact only
            case events.ByReceiver() | events.ByHandover() | events.ByContact():
                self._hear_of_one(event)
            case events.Lost(loss=loss):
                self._progress.begin_anew()
                self.note(f"Interrupted: {loss.value}. What has arrived is safe; waiting to go on ...")
            case _:
                self._hear_of_contact(event)

    def _hear_of_one(self, event: events.ByReceiver | events.ByHandover | events.ByContact) -> None:
        match event:
            case events.ByContact(
                contact=contact, giving=giving, handover=id, event=events.Progress() as now
            ):
                # What a contact calls its own may be what another calls one of its own.
                if now.files_of:
                    self._progress.draw(self._crowd.sum_with(hash((contact, giving, id)), now))
            case (
                events.ByReceiver(receiver=number, event=events.Progress() as progress)
                | events.ByHandover(handover=number, event=events.Progress() as progress)
            ):
                self._progress.draw(self._crowd.sum_with(number, progress))
            case events.ByContact() if (line := about_delivery(event)) is not None:
                if not isinstance(event.event, events.Trouble):
                    self._crowd.forget(hash((event.contact, event.giving, event.handover)))
                    self._progress.begin_anew()
                self.note(line)
            case _:
                if isinstance(event.event, events.Trouble):
                    self.note("It will not come to an end with one of them:")
                self._hear(event.event)

    def _hear_of_contact(self, event: ContactEvent | LetterEvent) -> None:
        match event:
            case events.Reachable() | events.LetterMoved():
                pass  # addresses are said by Listening, and how a letter stands when it is asked
            case events.PeerMet(name=name, verified=verified, shown=shown):
                doubt = "" if verified else "UNVERIFIED: "  # first: no name can imitate it there
                self.console.write(f"{doubt}{show_text(name)} is here.\n")
                for copy in shown:
                    self.warning(about_copy(copy, show_text(name)))
            case events.PeerGone():
                self.note(about_leaving(event))
            case events.Asked():
                self.note(about_question(event))
            case _:
                self.note(about_letter(event))

    def ask(self, what: str, *, offered: str | None = None) -> None:  # noqa: ARG002 - the prompt says it
        if offered is not None:
            self.note("Offered, drawn just now by this device and known to nobody else:\n")
            self.console.write(f"    {offered}\n\n")

    def warning(self, warning: SatchelError) -> None:
        self.note(show_text(" ".join(filter(None, (warning.what, warning.safe, warning.do)))))

    def error(self, error: SatchelError) -> None:
        for sentence in (error.what, error.safe, error.do):
            if sentence:
                self.note(show_text(sentence))

    def close(self) -> None:
        """Everything is out: always, here."""

    def done(self, *, text: str, **_fields: object) -> None:
        with self._screen:
            self._progress.clear()
            self.console.write(text + "\n")
            if self._same:
                were = "was" if self._same == 1 else "were"
                self.console.write(f"{units.files(self._same)} {were} there already with the same content.\n")
            if self._renamed:
                self.console.write(
                    f"{units.files(self._renamed)} got another name, since the name was taken.\n"
                )

    def _tell_addresses(self, addresses: Sequence[str]) -> None:
        """Whoever cannot be found by itself is dialled by hand: the address is told whenever it changes."""
        if self._code is not None:
            self._tell_code(self._code)
            self._code = None
        here = advised(addresses)
        if here == self._advised:
            return
        before, self._advised = self._advised, here
        command = "satchel receive --resume --at" if self._resuming else "satchel receive --at"
        command = "satchel meet --at" if self._meeting else command
        if not here:
            self.note("This device is in no network. Connect both to one: Wi-Fi, a hotspot or a cable.")
        else:
            new = "" if not before else "This device has another address now. "
            self.note(f"{new}If they do not find each other, on the other device:")
        for address in here:
            self.note(f"    {command} {address}")

    def _tell_code(self, code: str) -> None:
        self.note("\nOn the other device run:   satchel receive")
        self.note("and type this code:\n")
        self.console.write(f"    {code}\n")
        many = "one hand-over" if self._receivers == 1 else f"{self._receivers} hand-overs"
        self.note(f"\nIt is good for {many} within 15 minutes. Waiting ... (Ctrl-C to stop)")

    def _tell_text(self, text: str) -> None:
        self._progress.clear()
        if self.console.result_is_seen:
            self.console.write(framed(show_text(text), self.console.columns))
        else:  # a file, another program: byte for byte as it came
            self.console.write_bytes(text.encode())

    def _count_placed(self, path: Path, offered: Path, already_there: bool) -> None:
        if already_there:
            self._same += 1
        elif path != offered:
            self._renamed += 1
            if self._renamed <= RENAMED_SHOWN_MAX:
                self.note(f"{show_path(offered)} was there already: the new one is {show_path(path)}")


Show = JsonShow | PersonShow

"""What a job is doing, as the page shows it: its events, put together.

Pure: events in, what is shown out. The events are those of docs/spec/cli.md, 4, as any script reads them.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from satchel.errors import SatchelError
from satchel.node.events import Loss
from satchel.node.pairing.naming import UNNAMED

TEXTS_MAX = 100  # more are not kept on a page
NAMES_MAX = 200
ITEMS_MAX = 1000  # of an offer, each by itself; a page of 200,000 would hold up the node (M3)
_SPAN = re.compile("([0-9]{1,7})(?:-([0-9]{1,7}))?")
_QUESTIONS = frozenset({"offer", "text", "words", "name", "replace", "forget"})  # that a person answers
Event = dict[str, Any]


class Kind(Enum):
    """By the words of the command."""

    GIVE = "give with a code"
    GIVE_ON = "go on giving what began with a code"
    TAKE = "take with a code"
    TAKE_ON = "go on taking what began with a code"
    ANSWER = "answer what a contact offers"
    SHOW = "pair: show"
    SCAN = "pair: take"
    VERIFY = "compare words"
    MEET = "meet"
    CARRY = "carry letters on a stick"
    ADD = "put books in"
    GET = "write a book into a folder"


_ALONE = frozenset({Kind.CARRY, Kind.ADD, Kind.GET})  # there is nobody to meet


class State(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What can be chosen of an offer as one."""

    number: int
    name: str
    size_bytes: int
    files: int
    is_folder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What of an offer can only be chosen together."""

    first: int  # numbers of items
    last: int
    items: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Three sentences."""

    what: str
    safe: str = ""
    do: str = ""

    @classmethod
    def of(cls, error: SatchelError) -> "Problem":
        return cls(what=error.what, safe=error.safe, do=error.do)


@dataclass(slots=True, kw_only=True)
class Amount:
    """How much of a hand-over is over."""

    bytes_done: int = 0
    bytes_of: int = 0
    files_done: int = 0
    files_of: int = 0

    def hear(self, event: Event) -> None:
        self.bytes_done, self.bytes_of = event["bytes"], event["of"]
        self.files_done, self.files_of = event["files"], event["files_of"]


@dataclass(slots=True, kw_only=True)
class Added:
    """What came of files that were put into the library."""

    new: int = 0
    known: int = 0  # were here already
    aside_count: int = 0
    aside: list[tuple[str, str, str]] = field(default_factory=list)  # path, why, what to do

    def hear(self, event: Event) -> None:
        match event:
            case {"event": "added", "new": bool(is_new)}:
                self.new, self.known = self.new + is_new, self.known + (not is_new)
            case {"event": "set_aside", "path": str(path), "what": str(what), "do": str(do)}:
                self.aside_count += 1
                self.aside = [*self.aside, (path, what, do)][:NAMES_MAX]
            case _:
                pass


@dataclass(slots=True, kw_only=True)
class Errand:
    """One job under way, or just over."""

    id: str
    kind: Kind
    contact: str | None = None  # with whom, by its name here
    into: str = ""  # where what comes is put, as a path in an event
    state: State = State.RUNNING
    asks: str | None = None  # what is asked now: `code`, `offer`, `words`, ...
    turn: int = 0  # how many questions there were: of one kind there may be several
    asked_for: str | None = None  # what an empty answer takes
    code: str | None = None
    addresses: list[str] = field(default_factory=list)
    picture: str | None = None
    guesses: int = 0
    guesses_of: int = 0
    is_met: bool = False
    items: list[Item] = field(default_factory=list)
    rest: Rest | None = None
    free_bytes: int = 0
    amounts: dict[object, Amount] = field(default_factory=dict)  # by receiver or hand-over
    texts: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    placed_count: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)  # path and why
    left_out: list[tuple[str, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    words_language: str | None = None
    verified: bool = False
    takers: int = 0
    lost: str | None = None
    problem: Problem | None = None
    is_taken: bool = False  # the person wants it
    is_ended_here: bool = False  # by the person, who declined or stopped: no mistake
    notices: list[Problem] = field(default_factory=list)
    carried_bytes: int = 0  # onto a stick and from it, so far
    carried: Event | None = None  # what came of it
    added: Added = field(default_factory=Added)

    @property
    def offered_name(self) -> str:
        """Empty: none that says anything."""
        return "" if (self.asked_for or "").startswith(UNNAMED) else self.asked_for or ""

    @property
    def is_paused(self) -> bool:
        """By the other person."""
        return self.lost == Loss.PAUSED.value

    @property
    def is_looking(self) -> bool:
        """Nobody was met yet, and there is nothing to show them."""
        is_met = self.is_met or self.kind in _ALONE
        return not (self.is_over or self.code or is_met or self.items or self.amounts)

    @property
    def is_asking(self) -> bool:
        """It waits for the person's word."""
        return self.asks in _QUESTIONS

    @property
    def is_over(self) -> bool:
        return self.state is not State.RUNNING

    @property
    def amount(self) -> Amount:
        """Of all receivers together."""
        total = Amount()
        for one in self.amounts.values():
            total.bytes_done += one.bytes_done
            total.bytes_of += one.bytes_of
            total.files_done += one.files_done
            total.files_of += one.files_of
        return total

    def hear(self, event: Event) -> None:
        """One event of the job. What this page does not know changes nothing."""
        match event:
            case {"event": "ask", "what": str(what)}:
                self.ask(what)
                self.asked_for = event.get("offered")
            case {"event": "code", "code": str(code), "addresses": list(addresses)}:
                self.code, self.addresses = code, addresses
            case {"event": "address", "addresses": list(addresses)}:
                self.addresses = addresses
            case {"event": "picture", "text": str(text)}:
                self.picture = text
            case {"event": "guess", "number": int(number), "of": int(of)}:
                self.guesses, self.guesses_of = number, of
            case {"event": "met" | "peer"}:
                self.is_met, self.lost = True, None
            case {"event": "offer", "files": list(files), "free_bytes": int(free)}:
                items, self.free_bytes = items_of(files), free
                self.items, self.rest = items[:ITEMS_MAX], rest_of(items[ITEMS_MAX:])
                self.ask("offer")
            case {"event": "text", "text": str(text)}:
                self.texts = [*self.texts, text][-TEXTS_MAX:]
            case {"event": "added" | "set_aside"}:
                self.added.hear(event)
            case {"event": "progress" | "read"}:
                whose = event.get("receiver", event.get("handover"))
                self.amounts.setdefault(whose, Amount()).hear(event)
            case _:
                self._hear_of_files(event)

    def _hear_of_files(self, event: Event) -> None:
        match event:
            case {"event": "placed", "path": str(path)}:
                self.placed_count += 1
                if len(self.placed) < NAMES_MAX:
                    self.placed.append(path)
            case {"event": "failed", "path": str(path), "why": str(why)}:
                self.failed = [*self.failed, (path, why)][:NAMES_MAX]
            case {"event": "left_out", "path": str(path), "why": str(why)}:
                self.left_out = [*self.left_out, (path, why)][:NAMES_MAX]
            case {"event": "lost", "why": str(why)}:
                self.lost = why
            case _:
                self._hear_of_people(event)

    def _hear_of_people(self, event: Event) -> None:
        match event:
            case {"event": "words", "words": list(words)}:
                self.words, self.words_language = words, event.get("language")
            case {"event": "paired", "contact": str(contact)}:
                self.contact, self.verified = contact, bool(event.get("verified"))
                self.takers = max(self.takers, int(event.get("takers", 1)))
            case {"event": "scanned", "takers": int(takers)}:
                self.takers = takers
            case _:
                self._hear_of_the_end(event)

    def _hear_of_the_end(self, event: Event) -> None:
        match event:
            case {"event": "warning" | "trouble" | "unreadable", "what": str(what)}:
                self.notices = [*self.notices, _problem(what, event)][-TEXTS_MAX:]
            case {"event": "carried", "bytes": int(size_bytes)}:
                self.carried_bytes = size_bytes
            case {"event": "error", "what": str(what)}:
                self.problem = _problem(what, event)
            case {"event": "done"} if self.kind is Kind.CARRY:
                self.carried = event
            case {"event": "done"}:
                self.contact = event.get("contact", self.contact)
                self.verified = bool(event.get("verified", self.verified))
            case _:
                pass

    def ask(self, what: str) -> None:
        """A question is open."""
        self.asks, self.turn = what, self.turn + 1

    def answered(self) -> None:
        """The question is not open any more."""
        self.asks = self.asked_for = None

    def over(self, code: int) -> None:
        """The job is over, with this exit code."""
        self.answered()
        self.state = State.DONE if code == 0 else State.FAILED


def items_of(files: list[Event]) -> list[Item]:
    """What can be chosen, with all that comes along with it (cli 4.4)."""
    found: dict[int, Item] = {}
    for file in files:
        number = file.get("item")
        if number is None:
            continue  # a folder that comes along with what is in it
        before, path = found.get(number), str(file["path"])
        found[number] = Item(
            number=number,
            name=_common(before.name, path) if before is not None else path,
            size_bytes=int(file["size"]) + (before.size_bytes if before is not None else 0),
            files=(0 if file["folder"] else 1) + (before.files if before is not None else 0),
            is_folder=bool(file["folder"]) or before is not None,
        )
    return [found[number] for number in sorted(found)]


def rest_of(items: list[Item]) -> Rest | None:
    """None: there are none."""
    if not items:
        return None
    size_bytes = sum(item.size_bytes for item in items)
    return Rest(first=items[0].number, last=items[-1].number, items=len(items), size_bytes=size_bytes)


def spans_of(marked: list[str]) -> str:
    """Numbers and spans of them as `1-1500 1502`: an answer is a line, too short for each of 200,000."""
    found = [_SPAN.fullmatch(one) for one in marked]
    spans: list[tuple[int, int]] = []
    for first, last in sorted((int(one[1]), int(one[2] or one[1])) for one in found if one is not None):
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = spans[-1][0], max(last, spans[-1][1])
        else:
            spans.append((first, last))
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _common(one: str, other: str) -> str:
    """The folder that both are in, or that one of them is."""
    names = []
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        names.append(left)
    return "/".join(names)


def _problem(what: str, event: Event) -> Problem:
    return Problem(what=what, safe=str(event.get("safe", "")), do=str(event.get("do", "")))

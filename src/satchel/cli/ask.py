"""The question whether to take what is offered: all, some, or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from satchel.cli import units
from satchel.cli.show import JsonShow, Show
from satchel.core.handover.messages import EntryKind
from satchel.errors import EnvironmentProblem
from satchel.escape import show_path, show_text
from satchel.node.events import OfferShown
from satchel.node.receiving import Numbers

ITEMS_SHOWN_MAX = 40
FILE_COST_BYTES = 512  # an inode, besides the content
FOLDER_COST_BYTES = 4096  # a block of a file system as it is usually made


@dataclass(frozen=True, slots=True)
class Item:
    """What a person chooses as one: a file, or a folder with all that is in it."""

    path: tuple[bytes, ...]
    numbers: tuple[int, ...]
    files: int
    size: int
    is_folder: bool

    def shown(self) -> str:
        """The size stands first: no name can imitate it there."""
        name = show_path(self.path)
        if self.is_folder:
            name += f"/  ({units.files(self.files)})"
        return f"{units.size(self.size):>7}  {name}"


def items_of(offer: OfferShown) -> list[Item]:
    """What stands at the top of the offer; inside it where that is one single folder."""
    tops = {entry.path[0] for entry in offer.entries}
    inside = any(len(entry.path) > 1 for entry in offer.entries)
    # A file of the folder's own name would be in no item at all, and be taken unseen.
    unseen = any(len(entry.path) == 1 and entry.kind is EntryKind.FILE for entry in offer.entries)
    depth = 2 if len(tops) == 1 and inside and not unseen else 1
    groups: dict[tuple[bytes, ...], list[int]] = {}
    for number, entry in enumerate(offer.entries):
        if len(entry.path) >= depth:
            groups.setdefault(entry.path[:depth], []).append(number)
    items: list[Item] = []
    for path, numbers in groups.items():
        entries = [offer.entries[number] for number in numbers]
        files = [entry for entry in entries if entry.kind is EntryKind.FILE]
        folder = any(entry.kind is EntryKind.FOLDER or len(entry.path) > depth for entry in entries)
        items.append(
            Item(path, tuple(numbers), len(files), sum(entry.size for entry in files), is_folder=folder)
        )
    return items


def choose(typed: str, items: Sequence[Item], offer: OfferShown) -> Numbers | str | None:
    """What an answer means: numbers of entries, None for nothing, or what is wrong with the answer."""
    answer = typed.strip().lower()
    if answer in ("", "y", "yes", "a", "all"):
        return range(len(offer.entries))
    if answer in ("n", "no", "q", "none"):
        return None
    places: set[int] = set()
    for token in answer.replace(",", " ").split():
        first, dash, last = token.partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and len(first) < 8 and len(last) < 8):
            return f"I do not understand {show_text(token)}."
        if not 1 <= int(first) <= int(last) <= len(items):
            return f"There are items 1 to {len(items)}." if len(items) > 1 else "There is item 1 only."
        places.update(range(int(first) - 1, int(last)))
    if not places:
        return "I do not understand that."
    wanted = {number for place in places for number in items[place].numbers}
    # The folders that lead to what was chosen come along, for their names and times.
    chosen = [offer.entries[number].path for number in wanted]
    leading = {path[:depth] for path in chosen for depth in range(1, len(path))}
    wanted.update(
        number
        for number, entry in enumerate(offer.entries)
        if entry.kind is EntryKind.FOLDER and entry.path in leading
    )
    return frozenset(wanted)


class Asker:
    """Asks the person in front of the screen, or the lines of a script."""

    def __init__(self, show: Show, *, yes: bool, text_only: bool) -> None:
        self._show = show
        self._yes = yes
        self._text_only = text_only

    def decide(self, offer: OfferShown) -> Numbers | None:
        """Blocks until there is an answer. None: nothing of it.

        Raises EnvironmentProblem: there is no room for what is wanted.
        """
        items = items_of(offer)
        files = [entry for entry in offer.entries if entry.kind is EntryKind.FILE]
        total = sum(entry.size for entry in files)
        if isinstance(self._show, JsonShow):
            item_of = {number: place for place, item in enumerate(items, 1) for number in item.numbers}
            self._show.offer(
                ((number, entry, item_of.get(number)) for number, entry in enumerate(offer.entries)),
                free_bytes=offer.free_bytes,
            )
        else:
            self._list(items, len(files), total, offer.free_bytes)
        if self._text_only:
            self._show.note("Only a text was wanted (--text): the files are declined.")
            return None
        if self._yes:
            _check_room(offer, range(len(offer.entries)))
            return range(len(offer.entries))
        if total > offer.free_bytes:
            self._show.note(f"There is room for {units.size(offer.free_bytes)} only: choose some of it.")
        chosen = self._ask(items, offer)
        _check_room(offer, chosen or ())
        return chosen

    def _list(self, items: Sequence[Item], files: int, total: int, free_bytes: int) -> None:
        self._show.note(
            f"\nOffered: {units.files(files)}, {units.size(total)}. Free here: {units.size(free_bytes)}."
        )
        width = len(str(len(items)))
        for place, item in enumerate(items[:ITEMS_SHOWN_MAX], 1):
            self._show.note(f"  {place:{width}}  {item.shown()}")
        if len(items) > ITEMS_SHOWN_MAX:
            self._show.note(f"  ... and {len(items) - ITEMS_SHOWN_MAX:,} more")

    def _ask(self, items: Sequence[Item], offer: OfferShown) -> Numbers | None:
        question = "Take all of it? [Y]es, [n]o, or the numbers you want, such as 1 3-5: "
        if len(items) == 1:
            question = "Take it? [Y]es, [n]o: "
        while True:
            typed = self._show.console.read_line(question)
            if typed is None:
                self._show.note(
                    "No answer: declined." if not self._show.console.is_typed_at else "\nNot taken."
                )
                return None
            chosen = choose(typed, items, offer)
            if not isinstance(chosen, str):
                return chosen
            self._show.note(chosen)
            if not self._show.console.is_typed_at:
                return None


def _check_room(offer: OfferShown, numbers: Iterable[int]) -> None:
    """Names take room, too: 200,000 empty files in folders of their own would fill a disk with "0 B" (M3)."""
    wanted_bytes = 0
    folders: set[tuple[bytes, ...]] = set()
    for number in numbers:
        entry = offer.entries[number]
        depth = len(entry.path)
        if entry.kind is EntryKind.FILE:
            wanted_bytes += entry.size + FILE_COST_BYTES
            depth -= 1
        while depth and entry.path[:depth] not in folders:  # those on the way are made, too
            folders.add(entry.path[:depth])
            depth -= 1
    wanted_bytes += len(folders) * FOLDER_COST_BYTES
    if wanted_bytes > offer.free_bytes:
        problem = EnvironmentProblem(
            f"The disk is too full: {units.size(wanted_bytes)} wanted, {units.size(offer.free_bytes)} free.",
            safe="Nothing was received, and it is still offered.",
            do="Make room, or take a part of it: the same command again, with the same code if any.",
        )
        problem.disk_full = True
        raise problem

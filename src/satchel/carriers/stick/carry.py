"""Carry out, carry in, and both: what `satchel carry` does with a folder.

Ports in, results out; what is on the stick is decided in survey.py, how it lies there in layout.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from satchel.carriers.stick.contents import Contents
from satchel.carriers.stick.folder import Folder
from satchel.carriers.stick.layout import RECEIPTS_MAX, TAGS_MAX
from satchel.carriers.stick.problems import READING, WRITING, stick_problems
from satchel.carriers.stick.survey import FILES_MAX, Fate, Note, Survey
from satchel.carriers.stick.writer import Writer
from satchel.core.bundles.header import BundleId, Header
from satchel.core.bundles.receipt import Receipt
from satchel.errors import EnvironmentProblem, PeerError
from satchel.ports import Entropy
from satchel.ports.stick import Arrived, Offered, StickCustody

GROUP_BYTES_MAX = 4 << 20  # of bundles that are kept together, so that the disk is waited for less often
RECEIPTS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What was on a stick and not here."""

    bundles: int  # that custody wanted and got; whether it keeps them is its own to say
    receipts: int  # all that there were
    damaged: int  # bundles that were cut off or changed, as far as anybody can tell
    unreadable: int  # files


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedOut:
    """What was written on a stick."""

    bundles: int
    receipts: int
    left_out: int  # bundles that stand there, or that all who use this stick have
    size_bytes: int  # written
    is_full: bool  # there was more than fits


def is_stick(place: bytes | Path) -> bool:
    """Whether anything of ours is there. Raises EnvironmentProblem: there is no such folder."""
    with Folder.reading(place) as folder:
        return folder is not None


def carry_in(
    place: bytes | Path,
    custody: StickCustody,
    *,
    clock_s: int | None,
    tell: Callable[[int], None] = lambda _size_bytes: None,
) -> TakenIn:
    """Take in what is on a stick. Writes nothing there: it may be read-only.

    Args:
        place: the folder that the person named.
        custody: what takes it in.
        clock_s: best clock, seconds since 1970; None: there is none.
        tell: called now and then with the size of what was taken in since, or 0. What it raises ends it.
    Raises:
        EnvironmentProblem: there is no such folder. What single files are like is in the result.
    """
    with Folder.reading(place) as folder:
        if folder is None:
            return TakenIn(bundles=0, receipts=0, damaged=0, unreadable=0)
        survey = Survey(clock_s=clock_s)
        with stick_problems("read the stick", safe=READING):
            notes = _look(folder, survey, tell)
        receipts = _take_receipts(folder, notes, custody)  # first: they say which bundles nobody needs
        reading = _Reading(folder, tell)
        group: list[Arrived] = []
        bundles = group_bytes = 0

        def wanted(id: BundleId, header: Header) -> bool:
            return not survey.delivered(header.commitment) and custody.wants(id, header)

        for arrived in reading.bundles(notes, wanted):
            group.append(arrived)
            group_bytes += len(arrived.bundle)
            if group_bytes >= GROUP_BYTES_MAX:
                custody.take_bundles(group)
                tell(group_bytes)
                bundles, group, group_bytes = bundles + len(group), [], 0
        if group:
            custody.take_bundles(group)
            tell(group_bytes)
        return TakenIn(
            bundles=bundles + len(group),
            receipts=receipts,
            damaged=reading.damaged,
            unreadable=sum(not note.readable for note in notes),
        )


def carry_out(
    place: bytes | Path,
    custody: StickCustody,
    entropy: Entropy,
    *,
    clock_s: int | None,
    size_bytes: int | None = None,
    tell: Callable[[int], None] = lambda _size_bytes: None,
) -> CarriedOut:
    """Write on a stick what custody offers and the stick has not, as far as it fits; then tidy up.

    Args:
        place: the folder that the person named.
        custody: what is offered.
        entropy: for salts and names of files.
        clock_s: as for `carry_in`.
        size_bytes: how much all that Satchel has there, of whomever, may take; None: the disk says.
        tell: called with the size of each piece that is written, and with 0 meanwhile; as there.
    Raises:
        EnvironmentProblem: read-only, pulled out, broken. What custody was told of by then is safe there.
    """
    with Folder.writing(place) as folder:
        receipts = list(islice(custody.receipts(), RECEIPTS_MAX))
        survey = Survey(clock_s=clock_s, own=frozenset(custody.own_inventories()), receipts=receipts)
        with stick_problems("read the stick", safe=WRITING):
            notes = _look(folder, survey, tell)
            for note in notes:
                tell(0)
                _judge(folder, survey, note)
        _remove(folder, [note for note in notes if note.fate is Fate.GOES])
        left = [note for note in notes if note.fate is not Fate.GOES]
        writer = Writer(
            folder,
            custody,
            entropy,
            room_bytes=_room(folder, left, size_bytes),
            files_left=FILES_MAX - len(left),
            tell=tell,
        )
        _write_lists(writer, survey, left, receipts, custody)
        left_out = 0

        def missing() -> Iterator[Offered]:
            nonlocal left_out
            for one in custody.offered():
                if survey.leave_out(one.id):
                    left_out += 1
                else:
                    yield one

        writer.bundles(missing())
        _remove(folder, [note for note in left if _stands_elsewhere(note, survey, writer)])
        return CarriedOut(
            bundles=len(writer.written),
            receipts=len(writer.receipts),
            left_out=left_out,
            size_bytes=writer.size_bytes,
            is_full=writer.is_full,
        )


def exchange(
    place: bytes | Path,
    custody: StickCustody,
    entropy: Entropy,
    *,
    clock_s: int | None,
    size_bytes: int | None = None,
    tell: Callable[[int], None] = lambda _size_bytes: None,
) -> tuple[TakenIn, CarriedOut]:
    """First in, then out. Arguments and errors as there; what came in has come in, whatever follows."""
    taken = carry_in(place, custody, clock_s=clock_s, tell=tell)
    try:
        return taken, carry_out(place, custody, entropy, clock_s=clock_s, size_bytes=size_bytes, tell=tell)
    except EnvironmentProblem as problem:
        problem.safe = f"What was on the stick was taken in. {problem.safe}"
        raise


class _Reading:
    """The bundles of all files, one after the other."""

    def __init__(self, folder: Folder, tell: Callable[[int], None]) -> None:
        self._folder = folder
        self._tell = tell
        self.damaged = 0

    def bundles(self, notes: list[Note], wanted: Callable[[BundleId, Header], bool]) -> Iterator[Arrived]:
        for note in notes:
            self._tell(0)
            try:
                file = self._folder.open(note.name)
                if file is None:
                    continue
                with file:
                    contents = Contents(file)
                    yield from contents.records(wanted)
                    self.damaged += contents.damaged
            except PeerError:
                continue
            except OSError:
                note.readable = False


def _look(folder: Folder, survey: Survey, tell: Callable[[int], None]) -> list[Note]:
    """All files that are ours, however they are."""
    notes = []
    for name in folder.names():
        tell(0)
        note = Note(name=name)
        try:
            file = folder.open(name)
            if file is None:
                continue
            with file:
                note.size_bytes = folder.size_of(file)
                survey.look(note, Contents(file))
        except PeerError:
            continue  # another program's, or of a newer Satchel: neither read nor deleted
        except OSError:
            note.readable = note.known = False
        notes.append(note)
    return notes


def _judge(folder: Folder, survey: Survey, note: Note) -> None:
    try:
        file = folder.open(note.name)
        if file is not None:
            with file:
                survey.judge(note, Contents(file))
            return
    except (OSError, PeerError):
        pass
    note.fate = Fate.STAYS
    survey.doubt()


def _take_receipts(folder: Folder, notes: list[Note], custody: StickCustody) -> int:
    taken = 0
    for note in notes:
        try:
            file = folder.open(note.name)
            if file is None:
                continue
            with file:
                receipts = Contents(file).receipts()
                while group := list(islice(receipts, RECEIPTS_AT_ONCE)):
                    custody.take_receipts(group)
                    taken += len(group)
        except PeerError:
            continue
        except OSError:
            note.readable = False
    return taken


def _write_lists(
    writer: Writer, survey: Survey, left: list[Note], receipts: list[Receipt], custody: StickCustody
) -> None:
    carried: set[Receipt] = set()
    for note in left:
        if note.fate is Fate.REPLACED:
            carried |= note.receipts
    for receipt in receipts:
        if len(carried) >= RECEIPTS_MAX:
            break
        carried.add(receipt)
    writer.lists(carried - survey.receipts, islice(custody.held(), TAGS_MAX))
    there = writer.receipts | survey.receipts
    custody.receipts_handed_over([receipt for receipt in receipts if receipt in there])


def _room(folder: Folder, left: list[Note], size_bytes: int | None) -> int:
    with stick_problems("write on the stick", safe=WRITING):
        free_bytes = folder.free_bytes()
    if size_bytes is None:
        return free_bytes
    return min(free_bytes, size_bytes - sum(note.size_bytes for note in left))


def _stands_elsewhere(note: Note, survey: Survey, writer: Writer) -> bool:
    if note.fate is not Fate.REPLACED:
        return False
    bundles = all(id in survey.on_stick or id in writer.written for id in note.live)
    return bundles and note.receipts <= (survey.receipts | writer.receipts)


def _remove(folder: Folder, notes: list[Note]) -> None:
    with stick_problems("tidy up the stick", safe=WRITING):
        for note in notes:
            folder.remove(note.name)
        if notes:
            folder.sync()

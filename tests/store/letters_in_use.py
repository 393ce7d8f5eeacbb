"""Letters and bundles in use, one durable step after another, for tests that cut it off.

What must be there after step n is what the same steps leave in a profile in memory.
"""

from pathlib import Path

from satchel.core.bundles.header import BundleId, decode_bundle
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.kept import Past, Receipted, Remove, Show
from satchel.core.sealing.letter import LetterId
from satchel.core.sealing.parts import Part
from satchel.ports.bundles import BLOCK_BYTES
from satchel.ports.letters import Delivery, OnePart, Opening
from store.contact_samples import AMINA, BILAL
from store.letter_samples import HOUR, NOW, Desk, carried, desk_in_memory, drawn, id_of, keep, letter

KINDS = 15
_SIZES = (2048, 16_384, 65_536, 262_144)


def id_in(what: str, turn: int) -> LetterId:
    return LetterId(drawn(what, turn)[:16])


def file_of(turn: int) -> bytes:
    """Some are small enough for a row, some have several blocks."""
    return drawn("file", turn) * (1, 200, 9_000)[turn % 3]


def foreign(turn: int) -> tuple[bytes, bytes]:
    return carried(turn, _SIZES[turn % 4])


def do(desk: Desk, n: int) -> None:
    """Step n. May be done again where it was cut off."""
    turn, kind = divmod(n, KINDS)
    if kind < 5:
        _carry(desk, turn, kind)
    elif kind < 10:
        _write(desk, turn, kind)
    elif kind < 14:
        _read(desk, turn, kind)
    elif turn % 4 < 2:  # some are shown when they have come, or are deleted
        with desk.database.reading() as connection:
            query = "SELECT b.id FROM own_bundle AS b JOIN letter AS l ON l.key = b.letter WHERE l.id = ?"
            id = BundleId(bytes(connection.execute(query, (id_in("mine", turn),)).get))
        desk.bundles.apply([Show(id=id, offered=True)])


def _carry(desk: Desk, turn: int, kind: int) -> None:
    bundle, _ = foreign(turn)
    match kind:
        case 0:
            _append(desk)
        case 1:
            desk.bundles.apply([keep(bundle, BILAL)], {id_of(bundle): bundle})
        case 2 if turn >= 2:
            older, _ = foreign(turn - 2)
            header = decode_bundle(older)
            past = Past(
                id=id_of(older),
                commitment=header.commitment,
                expiry_hour=HOUR,
                ingress=BILAL,
                preimage=None,
            )
            desk.bundles.apply([Remove(id=past.id, past=past)])
        case 3 if turn >= 1:
            mark, r = commitment(foreign(turn - 1)[1]), foreign(turn - 1)[1]
            desk.bundles.apply([Receipted(commitment=mark, preimage=r)])
        case 4:
            desk.bundles.apply([Show(id=id_of(bundle), offered=turn % 2 == 0)])


def _append(desk: Desk) -> None:
    """The next block of what is never finished; or it is given up."""
    id = id_of(foreign(3)[0])
    length = desk.bundles.partials(AMINA).get(id, 0)
    if length == 3 * BLOCK_BYTES:
        desk.bundles.drop_partials(AMINA, [id])
    else:
        desk.bundles.append(AMINA, id, length, foreign(3)[0][length : length + BLOCK_BYTES])


def _write(desk: Desk, turn: int, kind: int) -> None:
    mine = id_in("mine", turn)
    match kind:
        case 5:
            desk.letters.write(AMINA, mine, letter(f"written {turn}", turn + 1, file_of(turn)))
        case 6:
            desk.seal(AMINA, mine)
        case 7 if turn and turn % 2 == 0:
            before = id_in("mine", turn - 1)
            receipt = Receipt(preimage=_preimage(desk, before), expiry_hour=HOUR)
            assert desk.sending.delivered([Delivery(receipt=receipt, deliverer=BILAL, due=NOW)]) == [before]
        case 8 if turn >= 3:  # some of them are under way, some delivered
            desk.letters.delete(AMINA, id_in("mine", turn - 3), lambda: NOW)
        case 9:
            due = sorted(commitment(one.receipt.preimage) for one in desk.sending.due_receipts())
            desk.sending.receipts_left(due[:1])


def _preimage(desk: Desk, id: LetterId) -> bytes:
    with desk.database.reading() as connection:
        return bytes(
            connection.execute(
                "SELECT preimage FROM own_bundle AS b JOIN letter AS l ON l.key = b.letter WHERE l.id = ?",
                (id,),
            ).get
        )


def _read(desk: Desk, turn: int, kind: int) -> None:
    match kind:
        case 10:  # one number is passed over
            desk.receive(BILAL, 2 * turn + 2, id_in("theirs", turn), letter("read", turn + 1, file_of(turn)))
        case 11:  # and comes now, with a part of something longer
            part = Part(letter_id=id_in("part", turn), size_bytes=2_000_000, index=0, piece=file_of(turn))
            change = desk.chains.listening(BILAL).opened(2 * turn + 1, NOW)
            came = OnePart(part=part, expiry_hour=HOUR)
            desk.arrivals.open([Opening(contact=BILAL, change=change, came=came)])
        case 12 if turn >= 1:
            desk.arrivals.let_go(BILAL, [id_in("part", turn - 1)])
        case 13 if turn >= 2:
            desk.letters.delete(BILAL, id_in("theirs", turn - 2), lambda: NOW)


def found(desk: Desk) -> list[object]:
    """All that can be seen, bytes included."""
    seen: list[object] = []
    for whom in (AMINA, BILAL):
        for one in desk.letters.conversation(whom):
            seen += [one, desk.letters.letter(whom, one.id)]
        gathering = desk.arrivals.gathering(whom)
        seen += [gathering, {id: desk.arrivals.pieces(whom, id) for id in gathering.letters}]
        seen += [desk.chains.speaking(whom), desk.chains.listening(whom), desk.chains.tags(whom)]
        partials = desk.bundles.partials(whom)
        seen += [partials, [len(desk.bundles.partial(whom, id)) for id in partials]]
        seen += [[(each, desk.bundles.read(each.id)) for each in desk.bundles.to(whom)]]
    seen += [desk.sending.due_receipts(), dict(desk.bundles.shares()), set(desk.bundles.receipts())]
    seen += [[(row, desk.bundles.read(row[1])) for row in desk.bundles.rows()]]
    return seen


def check_files(desk: Desk) -> None:
    """No file is there that nothing names: what was cut off has left none, after a start."""
    with desk.database.reading() as connection:
        names = {bytes(row[0]).hex() for row in connection.execute("SELECT name FROM blob").fetchall()}  # type: ignore[arg-type]
    assert {path.name for path in (desk.home / "blobs").glob("*")} <= names


def states(home: Path, steps: int) -> list[list[object]]:
    """Before the first step, and after each."""
    with desk_in_memory(home) as desk:
        seen = [found(desk)]
        for n in range(steps):
            do(desk, n)
            seen.append(found(desk))
    return seen

"""Letters on a real disk: they come back as they were, move on as they should, and go for good."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.bundles.receipt import Receipt
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry, Place
from satchel.core.sealing.letter import Letter, LetterId, decode_letter, encode_letter
from satchel.core.sealing.parts import Gathering, Part, Taken, decode_part, join
from satchel.core.sealing.seal import unseal
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import (
    Arrivals,
    Conversations,
    DueReceipt,
    Letters,
    OnePart,
    Opening,
    Sending,
    StoredAttachment,
    StoredLetter,
    Unreadable,
    WholeLetter,
)
from satchel.store.letters import LINE_CHARACTERS, PREVIEW_CHARACTERS
from store.contact_samples import AMINA, BILAL, contact
from store.letter_samples import (
    HOUR,
    NOW,
    ONE,
    THREE,
    TWO,
    Desk,
    carried,
    desk,
    desk_in_memory,
    drawn,
    id_of,
    letter,
    put,
)

NOBODY = ContactId(b"nobody of a name")
LATER = Reading(time_s=NOW.time_s + 7200, plausible=True)
LONG = "A long story. " * 2000
PHOTO = drawn("photo") * 20_000  # three blocks, and a bit


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk_in_memory(tmp_path) as opened:
        yield opened


def works_as_ports(
    letters: Letters, conversations: Conversations, sending: Sending, arrivals: Arrivals
) -> None:
    """mypy: they do."""


def files(one: Desk) -> list[Path]:
    return sorted((one.home / "blobs").glob("*"))


def shown(
    written: Letter,
    state: LetterState,
    id: LetterId = ONE,
    *,
    handed: int = 0,
    characters: int = LINE_CHARACTERS,
) -> StoredLetter:
    return StoredLetter(
        contact=AMINA,
        id=id,
        state=state,
        order=written.order,
        text=written.text[:characters],
        is_cut=len(written.text) > characters,
        written_s=written.written_s,
        reply_to=written.reply_to,
        expiry_hour=written.expiry_hour,
        attachments=tuple(
            StoredAttachment(name=file.name, size_bytes=len(file.content), is_here=True)
            for file in written.attachments
        ),
        handed=handed,
    )


def receipt_of(one: Desk, bundle: bytes, *, at: Place | None = None) -> Receipt:
    """As its reader has it: from the chain that both know, from `at` on."""
    at = at or Place(number=1, secret=contact().pair.letters_speaking)
    for _ in range(20):
        entry, at = at.step()
        if entry.tag in bundle[:41]:
            opened = unseal(entry, bundle)
            assert opened is not None
            return opened.receipt
    raise AssertionError("of another chain")


@pytest.mark.parametrize(
    "written",
    [
        letter(),
        Letter(order=1 << 52, text="a \0 and \U0001f600, nothing else"),
        letter("", 3, b"a file alone"),
        letter(LONG, 2, PHOTO, b"", b"small"),
        letter("\U0001f600" * LINE_CHARACTERS, 2),
        letter("\U0001f600" * (LINE_CHARACTERS + 1), 2),
        letter("\U0001f600" * PREVIEW_CHARACTERS, 2),
        letter("\U0001f600" * (PREVIEW_CHARACTERS + 1), 2),
        letter("a" + "\U0001f600" * 20_000, 2),
    ],
)
def test_a_letter_comes_back_as_it_was(tmp_path: Path, written: Letter) -> None:
    with desk(tmp_path / "profile") as one:
        works_as_ports(one.letters, one.letters, one.sending, one.arrivals)
        one.letters.write(AMINA, ONE, written)
    with desk(tmp_path / "profile") as again:
        assert again.letters.letter(AMINA, ONE) == written
        assert again.letters.conversation(AMINA) == [shown(written, LetterState.KEPT)]
        stretch = shown(written, LetterState.KEPT, characters=PREVIEW_CHARACTERS)
        assert again.letters.stretch(AMINA, last=1, skip=0) == [stretch]
        assert again.letters.text(AMINA, ONE) == written.text
        assert again.letters.kept() == [(AMINA, ONE)]
        for number, file in enumerate(written.attachments):
            assert again.letters.attachment(AMINA, ONE, number) == file.content
        with pytest.raises(MisuseError, match="no such file"):
            again.letters.attachment(AMINA, ONE, len(written.attachments))
        everything = b"".join(
            path.read_bytes() for path in (tmp_path / "profile").rglob("*") if path.is_file()
        )
        for secret in (written.text.encode()[:40], *(file.content[:64] for file in written.attachments)):
            assert len(secret) < 6 or secret not in everything


def test_both_sides_stand_in_one_order(one: Desk) -> None:
    one.letters.write(AMINA, TWO, letter("second", 2))
    one.receive(AMINA, 7, THREE, letter("third", 3))
    one.receive(AMINA, 2, ONE, letter("also second", 2))
    one.letters.write(BILAL, ONE, letter("to somebody else"))
    found = one.letters.conversation(AMINA)
    assert [each.id for each in found] == [ONE, TWO, THREE]
    assert [each.state for each in found] == [LetterState.RECEIVED, LetterState.KEPT, LetterState.RECEIVED]
    assert one.letters.highest_order(AMINA) == 3
    assert one.letters.highest_order(BILAL) == 1
    assert one.letters.is_here(AMINA, ONE)
    assert not one.letters.is_here(BILAL, TWO)
    assert one.letters.kept() == [(BILAL, ONE), (AMINA, TWO)]


def test_what_cannot_be_sent_or_is_not_there_is_said(one: Desk) -> None:
    with pytest.raises(MisuseError, match="empty"):
        one.letters.write(AMINA, ONE, Letter(order=1, text=""))
    one.letters.write(AMINA, ONE, letter())
    with pytest.raises(MisuseError, match="here already"):
        one.letters.write(AMINA, ONE, letter("again", 1, PHOTO))
    with pytest.raises(MisuseError, match="no such contact"):
        one.letters.write(NOBODY, ONE, letter("", 1, PHOTO))
    assert files(one) == []
    with pytest.raises(NothingToDo, match="not here"):
        one.letters.letter(AMINA, TWO)
    with pytest.raises(NothingToDo, match="not here"):
        one.letters.delete(AMINA, TWO, lambda: NOW)


# --- arriving ---------------------------------------------------------------------------------------


def gather(one: Desk, bundles: list[bytes], reader: Desk) -> list[Taken]:
    """What a node does with bundles that were written to Bilal's side of the pair."""
    taken = []
    for bundle in bundles:
        listening = reader.chains.listening(AMINA)
        number = next(n for n in range(1, 20) if listening.awaits(n) and _tag(reader, n) in bundle[:41])
        opened = unseal(_entry(reader, number), bundle)
        assert opened is not None
        part = decode_part(opened.content)
        came, gathering = reader.arrivals.gathering(AMINA).take(
            part, expiry_hour=HOUR, is_here=reader.letters.is_here(AMINA, part.letter_id)
        )
        taken.append(came)
        stored: OnePart | WholeLetter | None = None
        if came is Taken.ONE_MORE:
            stored = OnePart(part=part, expiry_hour=gathering.letters[part.letter_id].expiry_hour)
        elif came is Taken.WHOLE:
            pieces = reader.arrivals.pieces(AMINA, part.letter_id) | {part.index: part.piece}
            body = join([pieces[n] for n in sorted(pieces)], part.size_bytes)
            stored = WholeLetter(id=part.letter_id, letter=decode_letter(body))
        due = DueReceipt(receipt=opened.receipt, due=LATER, contact=AMINA, deliverer=BILAL)
        change = listening.opened(number, NOW)
        reader.arrivals.open([Opening(contact=AMINA, change=change, came=stored, due=due)])
        if came is Taken.ONE_MORE:
            assert reader.arrivals.gathering(AMINA) == gathering
    return taken


def _entry(reader: Desk, number: int) -> Entry:
    listening = reader.chains.listening(AMINA)
    if number > listening.highest:
        return listening.entry(number)
    found = reader.chains.entry(AMINA, number)
    assert found is not None
    return found


def _tag(reader: Desk, number: int) -> bytes:
    return bytes(_entry(reader, number).tag)


def turned(reader: Desk) -> None:
    """The other side of Amina's pair."""
    reader.contacts.forget(AMINA)
    pair = contact().pair
    other = replace(pair, letters_speaking=pair.letters_listening, letters_listening=pair.letters_speaking)
    reader.contacts.add(replace(contact(), pair=other))


def test_a_letter_in_parts_comes_in_any_order_and_is_whole_once(one: Desk, tmp_path: Path) -> None:
    written = letter("see the files", 1, PHOTO, drawn(1) * 50_000)
    bundles = one.send(AMINA, ONE, written)
    with desk(tmp_path / "reader") as reader:
        turned(reader)
        taken = gather(one, [bundles[2], bundles[0]], reader)
        assert taken == [Taken.ONE_MORE, Taken.ONE_MORE]
        assert len(files(reader)) == 2
        assert gather(one, [bundles[1]], reader) == [Taken.WHOLE]
        assert reader.letters.letter(AMINA, ONE) == written
        assert reader.arrivals.gathering(AMINA) == Gathering()
        assert len(files(reader)) == 2  # the two attachments
        due = reader.sending.due_receipts()
        assert {each.receipt.preimage for each in due} == {receipt_of(one, b).preimage for b in bundles}
        assert {(each.contact, each.is_own, each.deliverer, each.due) for each in due} == {
            (AMINA, False, BILAL, LATER)
        }


def test_m3_what_cannot_become_whole_is_let_go_of(one: Desk) -> None:
    part = Part(letter_id=ONE, size_bytes=3_000_000, index=1, piece=drawn(1) * 1000)
    change = one.chains.listening(AMINA).opened(1, NOW)
    one.arrivals.open([Opening(contact=AMINA, change=change, came=OnePart(part=part, expiry_hour=HOUR))])
    over, gathering = one.arrivals.gathering(AMINA).settle(HOUR + 97)
    assert over == {ONE}
    assert len(files(one)) == 1
    one.arrivals.let_go(AMINA, over)
    assert one.arrivals.gathering(AMINA) == gathering == Gathering()
    assert files(one) == []


def test_what_cannot_be_read_is_kept_as_it_came_until_it_can(one: Desk) -> None:
    """Decision 0204: a newer version reads it, or the person deletes it."""
    for number, came in enumerate(
        (Unreadable(content=b"of a bundle" * 900), Unreadable(content=b"a whole letter", letter_id=ONE)), 1
    ):
        change = one.chains.listening(AMINA).opened(number, NOW)
        one.arrivals.open([Opening(contact=AMINA, change=change, came=came)])
    (first, whose), (second, _) = one.arrivals.unreadable()
    assert whose == AMINA
    assert one.arrivals.read_unreadable(first) == Unreadable(content=b"of a bundle" * 900)
    assert one.arrivals.read_unreadable(second) == Unreadable(content=b"a whole letter", letter_id=ONE)
    one.arrivals.read_now(second, WholeLetter(id=ONE, letter=letter()))
    one.arrivals.read_now(first, None)
    assert one.arrivals.unreadable() == []
    assert one.letters.letter(AMINA, ONE) == letter()
    assert files(one) == []
    with pytest.raises(NothingToDo):
        one.arrivals.read_now(first, None)


def test_c2_what_opens_is_stored_with_its_entry_or_not_at_all(one: Desk) -> None:
    """The second of two contradicts what is here: then nothing of the first is here either."""
    listening = one.chains.listening(AMINA)
    first = listening.opened(1, NOW)
    second = first.listening.opened(2, NOW)
    twice = [
        Opening(contact=AMINA, change=change, came=WholeLetter(id=ONE, letter=letter("x", 1, PHOTO)))
        for change in (first, second)
    ]
    with pytest.raises(EnvironmentProblem):
        one.arrivals.open(twice)
    assert one.chains.listening(AMINA) == listening
    assert one.letters.conversation(AMINA) == []
    assert files(one) == []


# --- who is paired again, and who is forgotten -----------------------------------------------------------


def test_a_stretch_is_what_the_conversation_has_there(one: Desk) -> None:
    """In its order, also of letters of one place."""
    for number, place in enumerate((5, 1, 3, 3, 2)):
        one.letters.write(AMINA, LetterId(b"letter, no. %04d" % number), letter(order=place))
    one.letters.write(BILAL, THREE, letter())
    whole = one.letters.conversation(AMINA)
    assert one.letters.count(AMINA) == len(whole) == 5
    for last in range(7):
        for skip in range(7):
            newest = whole[: max(0, 5 - skip)]
            assert one.letters.stretch(AMINA, last=last, skip=skip) == newest[max(0, len(newest) - last) :]
    assert one.letters.stretch(AMINA, last=None, skip=2) == whole[:3]
    for ask in (one.letters.count, lambda id: one.letters.stretch(id, last=1, skip=0)):
        with pytest.raises(MisuseError):
            ask(NOBODY)


@pytest.mark.parametrize("inherits", [True, False])
def test_who_is_paired_again_keeps_the_conversation(one: Desk, inherits: bool) -> None:
    """What was under way is sealed anew, if the new pair inherits (P2); what came meanwhile stays."""
    new = ContactId(b"Amina once more.")
    one.send(AMINA, ONE, letter("under way", 1, PHOTO))
    one.letters.write(AMINA, TWO, letter("kept", 2))
    one.receive(AMINA, 1, THREE, letter("received", 3, PHOTO))
    part = Part(letter_id=LetterId(b"p" * 16), size_bytes=3_000_000, index=1, piece=b"a piece")
    change = one.chains.listening(AMINA).opened(2, NOW)
    one.arrivals.open([Opening(contact=AMINA, change=change, came=OnePart(part=part, expiry_hour=HOUR))])
    put(one, carried(1)[0])
    one.contacts.add(contact(new, "new", seed=50))
    one.contacts.succeed(new, AMINA, "Amina", inherits=inherits)
    states = [(each.id, each.state) for each in one.letters.conversation(new)]
    after = LetterState.KEPT if inherits else LetterState.EXPIRED
    assert states == [(ONE, after), (TWO, after), (THREE, LetterState.RECEIVED)]
    assert one.letters.letter(new, THREE) == letter("received", 3, PHOTO)
    assert set(one.arrivals.gathering(new).letters) == {part.letter_id}
    assert one.arrivals.pieces(new, part.letter_id) == {1: b"a piece"}
    assert set(one.bundles.shares()) == {new}
    assert one.chains.speaking(new).place.number == 1
    if inherits:
        (bundle,) = one.seal(new, ONE)
        assert one.bundles.to(new)[0].id == id_of(bundle)


def test_t2_who_is_forgotten_takes_all_letters_along(one: Desk) -> None:
    one.send(AMINA, ONE, letter("to Amina", 1, PHOTO))
    one.send(BILAL, TWO, letter("to Bilal", 1, PHOTO))
    one.contacts.forget(AMINA)
    with one.database.reading() as connection:
        tables = ("letter", "attachment", "own_bundle", "speaking_chain", "blob", "blob_stretch")
        counts = [connection.execute(f"SELECT count(*) FROM {table}").get for table in tables]
    assert counts == [1, 1, 1, 1, 2, 2]
    assert one.letters.letter(BILAL, TWO) == letter("to Bilal", 1, PHOTO)


def test_a_letter_that_was_changed_on_the_disk_is_said(one: Desk) -> None:
    one.letters.write(AMINA, ONE, letter("x", 1, PHOTO))
    (file,) = files(one)
    content = bytearray(file.read_bytes())
    content[300_000] ^= 1
    file.write_bytes(content)
    with pytest.raises(EnvironmentProblem, match="damaged"):
        one.letters.attachment(AMINA, ONE, 0)
    with one.database.reading() as connection:
        connection.execute("UPDATE letter SET state = 9")
    with pytest.raises(EnvironmentProblem, match="damaged"):
        one.letters.conversation(AMINA)


def test_the_whole_of_a_letter_is_what_its_parts_were_made_of(one: Desk) -> None:
    """What is sealed later is byte for byte what was written: a part that is sent again fits the others."""
    written = letter(LONG, 5, PHOTO)
    one.letters.write(AMINA, ONE, written)
    assert encode_letter(one.letters.letter(AMINA, ONE)) == encode_letter(written)


def test_m3_what_has_come_from_a_contact_is_counted_whatever_it_is(one: Desk) -> None:
    assert one.arrivals.held_bytes(AMINA) == 0
    one.letters.write(AMINA, ONE, letter(LONG, 1, PHOTO))  # an own one takes nothing of hers
    one.receive(BILAL, 1, ONE, letter("of somebody else"))
    assert one.arrivals.held_bytes(AMINA) == 0
    one.receive(AMINA, 1, TWO, letter("ä short one", 2, b"small", PHOTO))
    held = len("ä short one".encode()) + len(b"small") + len(PHOTO)
    assert one.arrivals.held_bytes(AMINA) == held
    one.receive(AMINA, 2, THREE, letter(LONG, 3))
    held += len(LONG.encode())
    assert one.arrivals.held_bytes(AMINA) == held
    part = Part(letter_id=ONE, size_bytes=2_000_000, index=0, piece=b"p" * 5_000)
    for number, came in ((3, OnePart(part=part, expiry_hour=HOUR)), (4, Unreadable(content=b"u" * 700))):
        change = one.chains.listening(AMINA).opened(number, NOW)
        one.arrivals.open([Opening(contact=AMINA, change=change, came=came)])
    assert one.arrivals.held_bytes(AMINA) == held + 5_000 + 700
    one.letters.delete(AMINA, THREE, lambda: NOW)
    assert one.arrivals.held_bytes(AMINA) == held + 5_000 + 700 - len(LONG.encode())

"""T2, W4: of letters that were opened, delivered or deleted nothing is left, on no page and in no file."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.kept import Remove
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import LetterId
from satchel.core.sealing.parts import Part
from satchel.ports.letters import Delivery, DueReceipt, OnePart, Opening, Unreadable, WholeLetter
from satchel.store import database as database_module
from satchel.store.blob_files import remove_unnamed
from satchel.store.profile import ProfileFolder
from store.contact_samples import AMINA, BILAL
from store.letter_samples import HOUR, NOW, ONE, TWO, Desk, desk, desk_in_memory, drawn, id_of, letter
from store.record_samples import KEY
from store.test_erasing import pages
from store.test_letters import PHOTO, receipt_of

SEED = 3  # with which SQLite moves what is soon to be erased
MEETINGS, ANSWERED, DELETED = 20, 5, 140


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Desk]:
    with desk_in_memory(tmp_path) as opened:
        yield opened


def both(desk: Desk) -> bytes:
    """All pages of both files, deciphered, and all blobs, as a thief with the key of the profile has them."""
    files = b"".join(path.read_bytes() for path in sorted((desk.home / "blobs").glob("*")))
    return pages(desk.database) + pages(desk.custody) + files


def left_behind(home: Path, seed: int) -> set[bytes]:
    """Of two contacts letters come, in any order; a few are answered, and these answers receipted; most are
    deleted. All is looked for that should be gone."""
    chance = random.Random(seed)
    gone: set[bytes] = set()
    with desk_in_memory(home) as one:
        for turn in range(MEETINGS):
            whom = (AMINA, BILAL)[turn % 2]
            gone |= arrived(one, whom, chance)
            if turn % (MEETINGS // ANSWERED) == 0:
                gone |= answered(one, chance, turn)
            here = [each.id for each in one.letters.conversation(whom)]
            for id in chance.sample(here, min(DELETED // MEETINGS, len(here))):
                one.letters.delete(whom, id, lambda: NOW)
                gone.add(id)
        image = both(one)
        assert one.chains.tags(AMINA)
    assert len(gone) > 500
    return {secret for secret in gone if secret in image}


def arrived(one: Desk, whom: ContactId, chance: random.Random) -> set[bytes]:
    """Ten letters at once, that open from here and there. Returns what is gone with it."""
    gone: set[bytes] = set()
    openings, listening = [], one.chains.listening(whom)
    for _ in range(10):
        awaited = [n for n in range(1, listening.highest + 30) if listening.awaits(n)]
        number = chance.choice(awaited)
        entry = one.chains.entry(whom, number) if number <= listening.highest else listening.entry(number)
        if entry is None:  # passed over in this very group
            continue
        gone |= {entry.key, entry.tag, listening.place.secret} - {b""}
        change = listening.opened(number, NOW)
        if change.listening.place == listening.place:
            gone.discard(listening.place.secret)
        came = WholeLetter(id=LetterId(chance.randbytes(16)), letter=letter("x" * chance.randrange(1, 300)))
        openings.append(Opening(contact=whom, change=change, came=came))
        listening = change.listening
    one.arrivals.open(openings)
    return gone - {listening.place.secret}


def answered(one: Desk, chance: random.Random, turn: int) -> set[bytes]:
    """A letter of ours, delivered and deleted. Returns what is gone with it."""
    id = LetterId(chance.randbytes(16))
    text = chance.randbytes(32).hex() * chance.randrange(1, 40)
    speaking = one.chains.speaking(AMINA)
    used, _ = speaking.take()
    (bundle,) = one.send(AMINA, id, letter(text, turn + 1))
    receipt = receipt_of(one, bundle, at=speaking.place)
    one.sending.delivered([Delivery(receipt=receipt, deliverer=None, due=NOW)])
    one.sending.receipts_left([commitment(receipt.preimage)])
    one.letters.delete(AMINA, id, lambda: NOW)
    return {
        used.key,
        used.tag,
        speaking.place.secret,
        receipt.preimage,
        id_of(bundle),
        id,
        text.encode()[:64],
    }


def test_w4_t2_nothing_stays_behind_of_what_was_opened_sealed_and_deleted(tmp_path: Path) -> None:
    """Neither a key, so that a recorded bundle opens, nor a tag, so that it names a pair, nor a word."""
    assert left_behind(tmp_path, SEED) == set()


def test_secure_delete_alone_leaves_something_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above is for, and that it finds it."""
    monkeypatch.setattr(database_module, "overwrite_erased", database_module.empty_log)
    assert left_behind(tmp_path, SEED)


def test_t2_a_deleted_letter_takes_its_files_along(one: Desk) -> None:
    written = letter("a secret text " * 2000, 1, PHOTO, b"a small secret file")
    one.letters.write(AMINA, ONE, written)
    one.receive(AMINA, 1, TWO, written)
    with one.database.reading() as connection:
        keys = {row[0] for row in connection.execute("SELECT secret FROM blob_stretch").fetchall()}
    assert len(keys) == 4
    for id in (ONE, TWO):
        one.letters.delete(AMINA, id, lambda: NOW)
    image = both(one)
    for secret in (b"a secret text", b"a small secret", b"photo 0.jpg", ONE, TWO, *keys):
        assert secret not in image  # type: ignore[operator]
    assert list((one.home / "blobs").glob("*")) == []


def test_t2_what_was_half_here_or_not_to_be_read_is_gone_with_it(one: Desk) -> None:
    part = Part(letter_id=ONE, size_bytes=2_000_000, index=0, piece=b"half of a letter" * 100)
    both_kinds: tuple[OnePart | Unreadable, ...] = (
        OnePart(part=part, expiry_hour=HOUR),
        Unreadable(content=b"of a newer version"),
    )
    for number, came in enumerate(both_kinds, 1):
        change = one.chains.listening(AMINA).opened(number, NOW)
        one.arrivals.open([Opening(contact=AMINA, change=change, came=came)])
    image = both(one)
    assert b"half of a letter" in image
    assert b"of a newer version" in image
    one.arrivals.let_go(AMINA, [ONE])
    one.arrivals.read_now(one.arrivals.unreadable()[0][0], None)
    image = both(one)
    assert b"half of a letter" not in image
    assert b"of a newer version" not in image


def test_t2_a_receipt_that_has_left_names_nobody(one: Desk) -> None:
    """Until then it says whose letter it is; that is a thief's, who comes before (W4)."""
    change = one.chains.listening(AMINA).opened(1, NOW)
    preimage = drawn("r")[:20]
    due = DueReceipt(
        receipt=Receipt(preimage=preimage, expiry_hour=HOUR),
        due=NOW,
        contact=AMINA,
        deliverer=BILAL,
        bundle=BundleId(drawn("i")),
    )
    one.arrivals.open([Opening(contact=AMINA, change=change, due=due)])
    assert one.sending.due_receipts() == [due]
    one.sending.receipts_left([commitment(preimage)])
    image = both(one)
    assert preimage not in image
    assert commitment(preimage) not in image
    assert drawn("i") not in image


def test_t2_own_bundles_that_have_expired_are_gone(one: Desk) -> None:
    (bundle,) = one.send(AMINA, ONE, letter("a long one " * 1000))
    receipt = receipt_of(one, bundle)
    assert one.sending.expire(HOUR + 1) == [ONE]
    image = both(one)
    for secret in (receipt.preimage, id_of(bundle), commitment(receipt.preimage), bundle[4:21]):
        assert secret not in image
    assert list((one.home / "blobs").glob("*")) == []


def test_t2_who_is_forgotten_leaves_no_letter(tmp_path: Path) -> None:
    """Rows and keys at once; files without a key at the next start."""
    home = tmp_path / "profile"
    with desk(home) as one:
        written = letter("a secret text", 1, PHOTO)
        one.send(AMINA, ONE, written)
        one.receive(AMINA, 3, TWO, written)
        one.send(BILAL, TWO, letter("something else", 1, PHOTO))
        tags = [tag for _, tag in one.chains.tags(AMINA)]
        one.contacts.forget(AMINA)
        image = pages(one.database)
        for secret in (b"a secret text", b"Amina", ONE, *tags):
            assert secret not in image
        assert b"something else" in image
        assert len(list((home / "blobs").glob("*"))) == 3 + 2
        remove_unnamed(home, one.database)
        assert len(list((home / "blobs").glob("*"))) == 2
        assert one.letters.letter(BILAL, TWO) == letter("something else", 1, PHOTO)


def test_a_backup_has_what_people_wrote_and_no_file(tmp_path: Path) -> None:
    """Neither what is carried for others, nor who brought what. What is under way is known when it comes."""
    home = tmp_path / "profile"
    with desk(home) as one:
        (small,) = one.send(AMINA, ONE, letter("under way", 1))
        (large,) = one.send(AMINA, TWO, letter("with a file", 2, drawn(1) * 3000))
        answers_nothing = replace(letter("received", 3, PHOTO, b"a note"), reply_to=None)
        one.receive(AMINA, 2, LetterId(b"r" * 16), answers_nothing)
        part = Part(letter_id=ONE, size_bytes=2_000_000, index=0, piece=b"half of a letter" * 1000)
        change = one.chains.listening(AMINA).opened(1, NOW)
        one.arrivals.open([Opening(contact=AMINA, change=change, came=OnePart(part=part, expiry_hour=1))])
    (home / "key").write_bytes(KEY)
    with closing(ProfileFolder.take(home)) as folder, closing(folder.open(KEY)) as database:
        folder.back_up(database, b"", KEY, tmp_path / "backup")
        with database.reading() as connection:
            assert connection.execute("SELECT custody_key FROM profile").get is not None
    with (
        closing(ProfileFolder.take(tmp_path / "restored")) as other,
        (tmp_path / "backup").open("rb") as image,
    ):
        with closing(other.put_back(image, KEY, KEY)) as database, database.reading() as connection:
            assert connection.execute("SELECT custody_key FROM profile").get is None
            assert connection.execute("SELECT count(*) FROM unfinished").get == 0
        with desk(tmp_path / "restored", people=False) as found:
            texts = [each.text for each in found.letters.conversation(AMINA)]
            assert texts == ["under way", "with a file", "received"]
            last = found.letters.conversation(AMINA)[-1]
            assert [each.is_here for each in last.attachments] == [False, True]
            assert found.letters.attachment(AMINA, last.id, 1) == b"a note"
            for look in (found.letters.letter, lambda whom, id: found.letters.attachment(whom, id, 0)):
                with pytest.raises(Exception, match="made from a backup"):
                    look(AMINA, last.id)
            assert found.bundles.read(id_of(small)) == small
            assert found.bundles.read(id_of(large)) is None
            came = [Delivery(receipt=receipt_of(found, large), deliverer=None, due=NOW)]
            assert found.sending.delivered(came) == [TWO]


def test_t2_a_letter_in_a_group_is_erased_with_the_others(one: Desk) -> None:
    """One writing anew for all of them: so a thousand letters do not write the pages a thousand times."""
    listening = one.chains.listening(AMINA)
    place = listening.place
    openings = []
    for number in range(1, 30):
        change = listening.opened(number, Reading(time_s=NOW.time_s, plausible=True))
        id = LetterId(drawn(number)[:16])
        openings.append(
            Opening(contact=AMINA, change=change, came=WholeLetter(id=id, letter=letter("x", number)))
        )
        listening = change.listening
    one.arrivals.open(openings)
    assert one.chains.listening(AMINA) == listening
    assert len(one.letters.conversation(AMINA)) == 29
    image = both(one)
    assert not [n for n in range(1, 30) if place.at(n).secret in image]


def test_t2_whatever_erases_writes_the_pages_anew(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of these, whatever it erases: decision 0155."""
    anew: list[object] = []
    monkeypatch.setattr(database_module, "overwrite_erased", anew.append)
    third = LetterId(b"3" * 16)
    for id in (ONE, TWO, third):
        one.letters.write(AMINA, id, letter(id.hex()))
    speaking, listening = one.chains.speaking(AMINA), one.chains.listening(AMINA)
    assert len(anew) == 1  # the roots
    part = Part(letter_id=ONE, size_bytes=2_000_000, index=0, piece=b"half of a letter")
    opened = Opening(contact=AMINA, change=listening.opened(1, NOW), came=OnePart(part=part, expiry_hour=1))
    unreadable = Opening(contact=AMINA, change=opened.change, came=Unreadable(content=b"newer"))
    (first,), (second,), _ = (one.seal(AMINA, id) for id in (ONE, TWO, third))
    receipt = receipt_of(one, first, at=speaking.place)
    came = Delivery(receipt=receipt, deliverer=None, due=NOW)
    steps: list[Callable[[], object]] = [
        lambda: one.chains.put_speaking(AMINA, one.chains.speaking(AMINA).opened(1)),
        lambda: one.chains.change(AMINA, opened.change),
        lambda: one.arrivals.open([opened]),
        lambda: one.arrivals.open([unreadable]),
        lambda: one.arrivals.let_go(AMINA, [ONE]),
        lambda: one.arrivals.read_now(1, None),
        lambda: one.sending.delivered([came]),
        lambda: one.sending.receipts_left([commitment(receipt.preimage)]),
        lambda: one.bundles.apply([Remove(id=id_of(second), past=None)]),
        lambda: one.letters.delete(AMINA, TWO, lambda: NOW),
        lambda: one.sending.expire(HOUR + 1),
        lambda: one.contacts.forget(AMINA),
    ]
    for place, step in enumerate(steps, 1 + 3 + 1):
        step()
        assert len(anew) == place, place
    one.sending.expire(HOUR + 1)
    one.sending.delivered([came])
    assert len(anew) == len(steps) + 4  # as nearly always, nothing is erased

"""Contacts that break the rules towards a post office, or keep them in bad faith (C1, M3)."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import apsw
import pytest

from node.letters.office_kit import Meeting, Person, four_people, id_of, meet, pair_up, pass_time
from node.letters.test_nothing_shows import arrived, hour_of
from satchel.core.bundles.failures import FAILURES_MAX
from satchel.core.bundles.header import SIZES_BYTES, BundleId, decode_header
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.codec import LIST_MAX, Unpacking, encode
from satchel.core.custody.effects import Say
from satchel.core.custody.messages import (
    Begin,
    Block,
    Gone,
    Got,
    Message,
    Offer,
    Offered,
    Receipts,
    Want,
    Wanted,
)
from satchel.core.sealing.letter import Attachment, Letter, encode_letter
from satchel.errors import MisuseError, PeerError
from satchel.node.letters.keeping import Mail, keep_post
from satchel.node.letters.office import PostOffice
from satchel.ports.letter_states import LetterState
from satchel.store.contact_key import key_of
from satchel.store.sending import put_due
from store.letter_samples import HOUR, drawn

BEGIN = Begin(highest=0, next=1)


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    with four_people(tmp_path) as made:
        yield made


class Liar:
    """Says to a post office what it likes, as a contact that has dialled."""

    def __init__(self, person: Person, name: str, *, begin: Begin = BEGIN) -> None:
        self.person = person
        self.session = person.office.begin(id_of(name), we_dialled=False, has_something=lambda: None)
        self._unpacking = Unpacking()
        self.say(begin)

    def say(self, *messages: Message) -> None:
        self.person.office.hear(self.session, b"".join(map(encode, messages)))

    def heard(self) -> list[Message]:
        """All that it has answered since."""
        answered: list[Message] = []
        while body := self.person.office.next_frame(self.session)[0]:
            answered += self._unpacking.messages(body)
        return answered


def offer_of(bundle: bytes, id: BundleId, *, direct: bool) -> Offer:
    header = decode_header(bundle)
    one = Offered(id=id, size_class=header.size_class, expiry_hour=header.expiry_hour)
    return Offer(bundles=(one,), direct=direct)


def test_c1_who_brings_a_letter_of_others_as_its_own_learns_nothing(four: list[Person]) -> None:
    amina, bilal, carla, dalia = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    ((id, bundle),) = carried_by(bilal)
    answers = []
    for victim in (carla, dalia):
        liar = Liar(victim, "bilal")
        liar.say(offer_of(bundle, id, direct=True))
        liar.say(Block(number=0, place=0, data=bundle))
        answers.append([one for one in liar.heard() if not isinstance(one, Begin)])
    assert answers[0] == answers[1]
    assert not any(isinstance(one, Got | Receipts) for one in answers[0])
    assert carla.texts(amina) == []  # until Bilal brings it as a carrier does
    meet(bilal, carla)
    assert carla.texts(amina) == ["Hello"]


def test_m3_receipts_of_very_many_letters_leave_at_once(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has written them: the next meeting holds up nobody."""
    _, _, carla, _ = four
    database = carla.desk.database
    changes: list[dict[str, bool]] = []
    with database.changing() as connection:
        key = key_of(connection, id_of("amina"))
        for number in range(200):
            receipt = Receipt(preimage=drawn(number)[:20], expiry_hour=HOUR)
            put_due(connection, key, receipt, carla.time.read(), is_own=False, deliverer=None, bundle=None)
    changing = database.changing

    def noting(**how: bool) -> AbstractContextManager[apsw.Connection]:
        changes.append(how)
        return changing(**how)

    with monkeypatch.context() as patched:
        patched.setattr(database, "changing", noting)
        carla.office.begin(id_of("bilal"), we_dialled=True, has_something=lambda: None)
    left = carla.desk.sending.due_receipts()
    assert 50 < len(left) < 150
    assert len(changes) < 10
    some = [commitment(one.receipt.preimage) for one in left[:2]]
    assert carla.desk.sending.due_receipts([*some, bytes(20), *some]) == left[:2]


def test_c1_who_breaks_off_and_comes_again_is_met_once(four: list[Person]) -> None:
    """receipt 3.2: it would else take along every receipt that waits."""
    _, _, carla, _ = four
    with carla.desk.database.changing() as connection:
        key = key_of(connection, id_of("amina"))
        for number in range(40):
            receipt = Receipt(preimage=drawn(number)[:20], expiry_hour=HOUR)
            put_due(connection, key, receipt, carla.time.read(), is_own=False, deliverer=None, bundle=None)
    for _ in range(20):
        carla.office.end(Liar(carla, "bilal").session)
        pass_time(0.5 / 60, carla)
    assert 10 < len(carla.desk.sending.due_receipts()) < 30
    pass_time(1.5, carla)
    carla.office.end(Liar(carla, "bilal").session)
    assert len(carla.desk.sending.due_receipts()) < 20


def test_m3_who_offers_and_takes_back_for_ever_and_reads_nothing_is_refused(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satchel.node.letters.exchanging.WAITING_BYTES_MAX", 200_000)
    _, _, carla, _ = four
    liar = Liar(carla, "bilal")
    hour = hour_of(carla)
    bundles = [Offered(id=BundleId(drawn(one)), size_class=0, expiry_hour=hour) for one in range(LIST_MAX)]
    offer = Offer(bundles=tuple(bundles), direct=False)
    for first in range(0, 5 * LIST_MAX, LIST_MAX):
        liar.say(offer, Gone(numbers=tuple(range(first, first + LIST_MAX))))
    with pytest.raises(PeerError, match=r"9\.4"):
        liar.say(offer, Gone(numbers=tuple(range(5 * LIST_MAX, 6 * LIST_MAX))))


def test_m3_what_others_tell_to_who_reads_nothing_ends_there(four: list[Person]) -> None:
    _, _, carla, _ = four
    liar = Liar(carla, "bilal")
    wanted = Say(message=Want(bundles=(Wanted(id=BundleId(bytes(32)), blocks=0),) * LIST_MAX))
    liar.session.carry_out([wanted] * 300)
    with pytest.raises(PeerError, match=r"9\.4"):
        carla.office.next_frame(liar.session)


def test_m3_what_may_not_be_tried_yet_is_not_read(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twins of what somebody carries are forged without a key, and wait to be tried, again and again."""
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    ((_, bundle),) = carried_by(bilal)
    twins = [bundle[:-2] + number.to_bytes(2, "big") for number in range(FAILURES_MAX + 30)]
    carla.office.take_in(id_of("bilal"), arrived(*twins))
    carla.office.wake()
    read: list[BundleId] = []
    reading = carla.desk.bundles.read

    def noting(id: BundleId) -> bytes | None:
        read.append(id)
        return reading(id)

    monkeypatch.setattr(carla.desk.bundles, "read", noting)
    carla.office.wake()
    assert read == []
    pass_time(0.1, carla)
    assert len(read) == FAILURES_MAX
    meet(amina, carla)
    assert carla.texts(amina) == ["Hello"]


def test_what_came_before_a_sudden_end_is_found_though_somebody_is_met_first(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    amina, bilal, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    Meeting(bilal, carla).run()  # and is killed before it looks whose it is
    with monkeypatch.context() as patched:
        patched.setattr(PostOffice, "prepare", lambda office: False)
        carla.begin()
    for name in ("bilal", "amina"):
        carla.office.begin(id_of(name), we_dialled=True, has_something=lambda: None)
    while carla.office.prepare():
        pass
    assert carla.texts(amina) == ["Hello"]


def test_m3_an_id_that_was_used_twice_stops_no_start(four: list[Person]) -> None:
    """One of the two could not be read by the version that it came to."""
    amina, _, carla, _ = four
    amina.office.write(id_of("carla"), "Hello")
    meet(amina, carla)
    (letter,) = carla.letters(amina)
    content = encode_letter(Letter(order=1, text="Again"))
    with carla.desk.contents.written([content]) as written, carla.desk.database.changing() as connection:
        key = key_of(connection, id_of("amina"))
        blob = carla.desk.contents.insert(connection, key, written[0])
        connection.execute(
            "INSERT INTO unreadable (contact, id, blob) VALUES (?, ?, ?)", (key, letter.id, blob)
        )
    carla.begin()
    assert carla.texts(amina) == ["Hello"]
    assert carla.desk.arrivals.unreadable() == []


def carried_by(person: Person) -> list[tuple[BundleId, bytes]]:
    bundles = person.desk.bundles
    ids = [
        kept.id
        for one in bundles.shares()
        for size in range(len(SIZES_BYTES))
        for kept in bundles.oldest(one, size)
    ]
    return [(id, bundle) for id in ids if (bundle := bundles.read(id)) is not None]


def test_c1_who_tells_a_receipt_hears_the_same_of_its_writer_and_of_a_carrier(four: list[Person]) -> None:
    """custody 10.2: and then asks for the bundle, and offers it."""
    amina, bilal, carla, dalia = four
    amina.office.write(id_of("carla"), "Hello")
    pass_time(1.1, *four)
    meet(amina, bilal)
    meet(bilal, dalia)
    with amina.desk.database.reading() as connection:
        preimage = connection.execute("SELECT preimage FROM own_bundle").get
    ((id, bundle),) = carried_by(bilal)
    receipt = Receipt(preimage=preimage, expiry_hour=decode_header(bundle).expiry_hour)
    pair_up(amina, dalia)
    answers = []
    for victim, friend in ((amina, "dalia"), (dalia, "amina")):
        other, liar = Liar(victim, friend), Liar(victim, "bilal")
        other.heard(), liar.heard()
        liar.say(Receipts(receipts=(receipt,)))
        liar.say(Want(bundles=(Wanted(id=id, blocks=0),)))
        liar.say(offer_of(bundle, id, direct=False))
        liar.say(offer_of(bundle, id, direct=True))
        answers.append((liar.heard(), other.heard()))
    assert answers[0] == answers[1]
    assert [one.state for one in amina.letters(carla)] == [LetterState.DELIVERED]
    assert not amina.desk.sending.due_receipts()


def test_who_takes_a_bundle_again_and_again_counts_as_one_carrier(four: list[Person]) -> None:
    """custody 4.3: it would else take all copies of a large one, and the outbox would tell of a crowd."""
    amina, _, carla, dalia = four
    photo = Attachment(name=b"photo", content=bytes(200_000))
    amina.office.write(id_of("carla"), "Hello", attachments=[photo])
    pass_time(1.1, *four)
    (kept,) = amina.desk.bundles.to(id_of("carla"))
    for _ in range(4):
        liar = Liar(amina, "bilal")
        for number in range(2):
            liar.say(Want(bundles=(Wanted(id=kept.id, blocks=0),)))
            liar.heard()
            liar.say(Got(numbers=(number,)))
        amina.office.end(liar.session)
    assert [one.handed for one in amina.letters(carla)] == [1]
    (after,) = amina.desk.bundles.to(id_of("carla"))
    assert after.offered
    assert after.header.copies >= kept.header.copies // 2
    pair_up(amina, dalia)
    meet(amina, dalia)
    assert [one.handed for one in amina.letters(carla)] == [2]


def test_a_contact_that_is_forgotten_meanwhile_ends_no_node(
    four: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the store and `contacts_changed` time may pass for the post office."""
    amina, _, _, _ = four
    monkeypatch.setattr("satchel.node.letters.keeping.WAKE_EVERY_S", 0.01)
    amina.desk.contacts.forget(id_of("carla"))
    amina.time.now_s += 2 * 3600  # it is settled, which reads of all contacts
    with pytest.raises(MisuseError):
        amina.office.wake()
    amina.time.now_s += 2 * 3600

    async def keep() -> None:
        mail = Mail(lambda _contact, _waits: None)
        keeping = asyncio.ensure_future(keep_post(amina.office, mail, amina.told.append))
        await asyncio.sleep(0.2)
        assert not keeping.done()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(keep())

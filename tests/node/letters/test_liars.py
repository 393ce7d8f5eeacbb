"""Contacts that break the rules towards a post office, or keep them in bad faith (C1, M3)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import apsw
import pytest

from node.letters.office_kit import Person, id_of, meet, pair_up, pass_time, people
from satchel.core.bundles.header import BundleId, decode_header
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.codec import Unpacking, encode
from satchel.core.custody.messages import Begin, Block, Got, Message, Offer, Offered, Receipts
from satchel.store.contact_key import key_of
from satchel.store.sending import put_due
from store.letter_samples import HOUR, drawn


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Person]]:
    """All know Bilal; Amina and Carla know each other."""
    with people(tmp_path, "amina", "bilal", "carla", "dalia") as made:
        amina, bilal, carla, dalia = made
        for other in (amina, carla, dalia):
            pair_up(bilal, other)
        pair_up(amina, carla)
        yield made


class Liar:
    """Says to a post office what it likes, as a contact that has dialled."""

    def __init__(self, person: Person, name: str) -> None:
        self.person = person
        self.session = person.office.begin(id_of(name), we_dialled=False, has_something=lambda: None)
        self._unpacking = Unpacking()
        self.say(Begin(highest=0, next=1))

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
    (kept,) = [one for size in range(9) for one in bilal.desk.bundles.oldest(id_of("amina"), size)]
    bundle = bilal.desk.bundles.read(kept.id)
    assert bundle is not None
    answers = []
    for victim in (carla, dalia):
        liar = Liar(victim, "bilal")
        liar.say(offer_of(bundle, kept.id, direct=True))
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
            put_due(connection, key, receipt, carla.time.read(), is_own=False, deliverer=None)
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

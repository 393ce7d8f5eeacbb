"""Places in a chain at hand: the same chains as ever, few steps, and nothing of before (M3, W4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.crypto.kdf import derive
from satchel.core.discovery.people import People
from satchel.core.identity import epochs as epochs_module
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCHS_AHEAD_MAX, EPOCHS_KEPT_BEHIND, Chain, Epochs, begin
from satchel.core.identity.near import PLACES_MAX, Near
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Tags
from satchel.core.session.contact import ContactKeys, MeetingKeys
from satchel.core.session.handshake import Statics
from satchel.errors import MisuseError

EPOCH = 20_800
CONTACT = ContactId(b"the other side..")
CHAIN = Chain(epoch=EPOCH, secret=bytes(32))
PATHS = st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=30)


@given(PATHS)
def test_each_place_is_that_of_the_chain(path: list[tuple[int, bool]]) -> None:
    """Asked for in any order, while the chain moves on."""
    chain, near = CHAIN, Near(CHAIN)
    for step, moves in path:
        epoch = EPOCH + step
        if not chain.reaches(epoch):
            with pytest.raises(MisuseError):
                near.at(epoch)
        elif moves:
            chain = chain.at(epoch)
            near = Near(chain, near)
        else:
            assert near.at(epoch) == CHAIN.at(epoch)


def test_w4_nothing_stays_of_before_the_chain() -> None:
    near = Near(CHAIN)
    for step in range(2 * PLACES_MAX):
        near.at(EPOCH + step)
    moved = Near(CHAIN.at(EPOCH + 12), near)
    assert CHAIN.at(EPOCH + 15).secret in secrets_of(moved)
    for step in range(12):
        assert CHAIN.at(EPOCH + step).secret not in secrets_of(moved)
        with pytest.raises(MisuseError):
            moved.at(EPOCH + step)


def secrets_of(near: Near) -> list[bytes]:
    """All that it could leak, wherever it stands."""
    found: list[bytes] = []
    pending: list[object] = [vars(near)]
    while pending:
        match pending.pop():
            case Chain(secret=secret):
                found.append(secret)
            case dict() as values:
                pending += values.values()
            case _:
                pass
    return found


def test_another_chain_is_begun_anew() -> None:
    near = Near(CHAIN)
    near.at(EPOCH + 9)
    for other in (Chain(epoch=EPOCH, secret=bytes(31) + b"1"), Chain(epoch=EPOCH - 9, secret=bytes(32))):
        assert Near(other, near).at(EPOCH + 9) == other.at(EPOCH + 9)


def test_m3_who_tells_20_years_ahead_in_each_session_costs_the_way_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """M3: whether it has stored that, or says each time that it has stored a day more; for flights, and for
    beacons in both directions."""
    steps = 0

    def counted(secret: bytes, label: bytes) -> bytes:
        nonlocal steps
        steps += label == b"satchel contact next epoch 1"
        return derive(secret, label)

    people, keys = People(tags=Tags(), spent=Spent()), ContactKeys()
    first = begin(epoch=EPOCH, speaking=bytes(32), listening=b"\1" * 32)
    far = EPOCH + EPOCHS_AHEAD_MAX - EPOCHS_KEPT_BEHIND
    told = [first.agree(EPOCH, far - 30 + number % 30, stored=EPOCH + number // 2) for number in range(60)]
    monkeypatch.setattr(epochs_module, "derive", counted)
    for number, epochs in enumerate(told):
        know(people, keys, epochs, hour=EPOCH * 24 + number)
    assert steps < 3 * EPOCHS_AHEAD_MAX + 60 * 100


def know(people: People, keys: ContactKeys, epochs: Epochs, *, hour: int) -> None:
    pair = MeetingKeys(statics=Statics(own=bytes(32), theirs=bytes(32)), epochs=epochs)
    keys.put(CONTACT, pair)
    list(keys.at(hour))
    people.put(CONTACT, epochs, offset_s=0)
    reading = Reading(time_s=hour * 3600, plausible=True)
    people.tags.near(reading)
    people.tags.spoken(CONTACT, reading, hourless=False)

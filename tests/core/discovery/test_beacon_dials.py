"""Whom a beacon dials (P1, P3), and that a replay leads nowhere (W1)."""

import pytest

from core.discovery.beacon_kit import (
    DAY,
    HERE,
    NOW,
    ONE,
    START_S,
    Driver,
    contact,
    dials,
    drawn,
    from_them,
    ipv4,
    marks_in,
    ours,
    people,
    recognised,
    shouts,
    whispers,
)
from satchel.core.discovery.beacon import (
    FRESH_S,
    MEET_S,
    RANDOM_BYTES,
    Beacon,
    Dial,
    Effect,
    Mode,
    Recognised,
)
from satchel.core.discovery.hearing import Budget
from satchel.core.discovery.people import DIALS_WITHIN_S, MET_LASTS_S
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.spent import SPENT_PER_EPOCH_MAX
from satchel.errors import MisuseError

THEM, ELSEWHERE = ipv4(2), ipv4(3)


def test_a_recognised_nonce_is_stored_before_anything_is_done() -> None:
    driver = Driver(people())
    effects = driver.hear(from_them(1, THEM), THEM)
    assert effects[:2] == [
        Recognised(contact=ONE, epoch=DAY, nonce=from_them(1, THEM)[:16]),
        Dial(contact=ONE, address=THEM, port=4000, epochs=(DAY,)),
    ]


def test_a_hourless_beacon_is_dialled_with_the_agreed_epoch() -> None:
    driver = Driver(people())
    [dial] = dials(driver.hear(from_them(1, THEM, hourless=True), THEM))
    assert dial.epochs == (DAY - 10,)


def heard(driver: Driver, name: str = "", *, source: bytes = THEM) -> list[Effect]:
    return driver.hear(from_them(1, THEM, name=name), source)


def test_w1_p3_a_packet_replayed_from_another_address_dials_nobody() -> None:
    assert recognised(heard(Driver(people()), source=ELSEWHERE)) == []


def test_w1_p3_a_packet_heard_on_one_link_dials_nobody_on_another() -> None:
    """A relay under the same address on another network learns nothing of a contact that heard it before."""
    known = people()
    first, second = Driver(known), Driver(known, source=ipv4(9))
    assert dials(heard(first))
    first.now_s = second.now_s = START_S + 10
    assert heard(second)[:-1] == []
    assert dials(heard(first))


def test_w1_p3_a_packet_replayed_after_five_minutes_dials_nobody() -> None:
    driver = Driver(people())
    assert dials(heard(driver))
    driver.run(FRESH_S - 1)
    assert dials(heard(driver))
    driver.run(1)
    assert dials(heard(driver)) == []
    driver.run(DIALS_WITHIN_S)
    assert dials(heard(driver)) == []
    assert driver.mail(ONE) == [], "who only repeats an old packet is not here"


def test_w1_p3_nor_after_a_new_start() -> None:
    driver = Driver(people())
    [stored] = recognised(heard(driver))
    again = Driver(people(stored=[(stored.contact, stored.epoch, stored.nonce)]))
    assert heard(again)[:-1] == []
    assert dials(heard(again, "the next"))


def test_w1_p3_an_earlier_nonce_of_the_same_contact_leads_to_nothing() -> None:
    driver = Driver(people())
    heard(driver, "first")
    driver.run(10)
    assert dials(heard(driver, "second"))
    driver.run(10)
    assert heard(driver, "first")[:-1] == []


def test_p3_three_dials_in_ten_minutes_whatever_is_heard() -> None:
    driver = Driver(people())
    for number in range(40):
        heard(driver, str(number))
        driver.run(10)
    assert len(driver.dialled) == 3
    driver.run(DIALS_WITHIN_S)
    assert dials(heard(driver, "later"))


def test_p3_a_forged_packet_with_the_nonce_of_a_contact_does_not_hide_the_contact() -> None:
    driver = Driver(people())
    real = from_them(1, THEM)
    assert dials(driver.hear(real[:18] + drawn("forged", 512), THEM)) == []
    assert dials(driver.hear(real, THEM))


def test_m3_a_contact_with_too_many_nonces_is_dialled_no_more_that_day() -> None:
    known = people(stored=[(ONE, DAY, n.to_bytes(16, "big")) for n in range(SPENT_PER_EPOCH_MAX)])
    assert heard(Driver(known))[:-1] == []


def test_while_there_is_a_session_nobody_is_dialled_and_after_it_only_for_mail() -> None:
    driver = Driver(people())
    driver.known.began(ONE, driver.now_s)
    driver.known.set_mail(ONE, waits=True)
    assert recognised(heard(driver))
    assert driver.dialled == []
    driver.known.ended(ONE, driver.now_s)
    assert dials(heard(driver))
    driver.known.set_mail(ONE, waits=False)
    driver.run(100)
    assert dials(heard(driver, "2")) == []
    driver.run(MET_LASTS_S)
    assert dials(heard(driver, "3"))


def test_who_is_forgotten_is_dialled_no_more() -> None:
    driver = Driver(people(2))
    heard(driver)
    driver.run(20)
    driver.known.forget(ONE)
    assert heard(driver)[:-1] == []
    assert driver.mail(ONE) == []
    driver.run(400)
    assert {mark.contact for mark in marks_in(driver.sent[-1][1], 2)} == {contact(2)}


def test_who_is_forgotten_while_its_packet_waits_is_not_recognised() -> None:
    driver = Driver(people(2), macs_per_s=30)
    assert recognised(driver.hear(from_them(2, THEM), THEM)) == []
    driver.known.forget(contact(2))
    driver.known.put(contact(3), ours(3))
    assert driver.run(60).dialled == []


def test_nonces_are_let_go_of_when_a_session_moved_the_keys_on() -> None:
    known = people(1, stored=[(ONE, DAY - 12, b"n" * 16)])
    assert not known.spent.spend(ONE, DAY - 12, b"n" * 16)
    known.put(ONE, ours(1).agree(DAY, DAY, stored=DAY - 10).confirm(DAY))
    assert known.spent.spend(ONE, DAY - 12, b"n" * 16)


def test_our_own_packet_sent_back_to_us_is_nobodys() -> None:
    """Reflection: the two directions of a pair have different keys."""
    driver = Driver(people())
    [(_, packet)] = driver.sent
    for source in (HERE, THEM):
        effects = driver.hear(packet, source)
        assert not recognised(effects)
        assert not dials(effects)


def test_two_people_with_a_node_each_on_one_machine_meet() -> None:
    """A class with one laptop: both speak from the same address."""
    driver = Driver(people())
    [dial] = dials(driver.hear(from_them(1, HERE), HERE))
    assert dial.address == HERE


@pytest.mark.parametrize("length", [0, 18, 529, 531, 1500])
def test_other_lengths_are_ignored(length: int) -> None:
    assert Driver(people()).hear(bytes(length), THEM) == []


# --- stored addresses --------------------------------------------------------------------------------------

NETWORK = drawn("this network", 16)


def stored(
    number: int, *, network: bytes = NETWORK, address: bytes | None = None, of: ContactId = ONE
) -> StoredAddress:
    return StoredAddress(contact=of, address=address or ipv4(50 + number), network=network)


def test_our_beacon_goes_to_stored_addresses_during_meet_and_only_then() -> None:
    driver = Driver(people(), network=NETWORK).run(600)
    assert driver.whispered == []
    driver.meet(*(stored(number) for number in range(5)))
    driver.run(1000)
    assert {address for _, address in driver.whispered} == {ipv4(50), ipv4(51), ipv4(52)}
    assert max(at_s for at_s, _ in driver.whispered) < START_S + 600 + MEET_S
    assert {at_s for at_s, _ in driver.whispered} <= {at_s for at_s, _ in driver.sent}


def test_w1_no_stored_address_of_another_network_is_sent_to() -> None:
    """W1: else who has that address here, or watches, learns where we were."""
    ipv6 = bytes.fromhex("fe80") + bytes(13) + b"\x05"
    elsewhere = stored(1, network=drawn("another network", 16))
    for network in (NETWORK, None):
        places = [elsewhere, stored(2, address=ipv6), stored(3, address=HERE)]
        places += [stored(4)] if network is None else []
        driver = Driver(people(), network=network)
        assert whispers(driver.meet(*places)) == []
        assert driver.run(1000).whispered == []


def test_the_contact_of_a_stored_address_is_among_the_first() -> None:
    for seed in range(8):
        driver = Driver(people(300), network=NETWORK, seed=str(seed))
        [packet] = shouts(driver.meet(stored(1, of=contact(300))))
        assert contact(300) in {mark.contact for mark in marks_in(packet, 300)}


def test_mistakes_of_ours_are_refused() -> None:
    with pytest.raises(MisuseError):
        Beacon(people=people(), budget=Budget(macs_per_s=1e6), source=b"short")
    beacon = Beacon(people=people(), budget=Budget(macs_per_s=1e6), source=HERE)
    with pytest.raises(MisuseError):
        beacon.start(Mode.OPEN, port=1023, reading=NOW, now_s=0.0, chance=bytes(RANDOM_BYTES))
    with pytest.raises(MisuseError):
        beacon.wake(reading=NOW, now_s=0.0, chance=b"")

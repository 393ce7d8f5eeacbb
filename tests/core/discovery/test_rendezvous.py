"""When a rendezvous shouts and dials, and that no flood makes it do more."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import pytest

from satchel.core.discovery.datagram import (
    FILL_BYTES,
    NONCE_BYTES,
    PLACES_BYTES,
    SlotKey,
    SlotKind,
    draw_datagram,
    slot,
)
from satchel.core.discovery.rendezvous import (
    HEARD_PER_S_MAX,
    NONCE_LIFE_MAX_S,
    NONCE_LIFE_MIN_S,
    RANDOM_BYTES,
    RENDEZVOUS_OPEN_S,
    SHOUTS_PER_S_MAX,
    SOURCES_MAX,
    Dial,
    Dials,
    Effect,
    Over,
    Rendezvous,
    Shout,
    State,
    WakeAt,
)
from satchel.errors import MisuseError


def drawn(name: str, count: int) -> bytes:
    return hashlib.shake_256(name.encode()).digest(count)


def ipv4(number: int) -> bytes:
    return bytes(10) + b"\xff\xff\x0a" + number.to_bytes(3, "big")


CODE = SlotKey(kind=SlotKind.CODE, key=b"rendezvous\x01\xe2")
OTHER_CODE = SlotKey(kind=SlotKind.CODE, key=b"rendezvous\x01\xe3")
RESUMPTION = SlotKey(kind=SlotKind.RESUMPTION, key=drawn("resumption", 32))
HOST, TYPIST = ipv4(1), ipv4(2)
START_S = 1000.0


def chance(step: object) -> bytes:
    return drawn(f"chance {step}", RANDOM_BYTES)


def from_(source: bytes, *keys: SlotKey, port: int, name: str = "") -> bytes:
    """What a device at `source` shouts, or what somebody forges in its name."""
    return draw_datagram(
        keys,
        nonce=drawn(f"{name} nonce", NONCE_BYTES),
        port=port,
        source=source,
        fill=drawn(f"{name} fill", FILL_BYTES),
        places=drawn(f"{name} places", PLACES_BYTES),
    )


def host(*keys: SlotKey, open_s: float = RENDEZVOUS_OPEN_S) -> Rendezvous:
    return Rendezvous(source=HOST, port=4000, shown=keys, sought=keys, open_s=open_s)


def typist(*keys: SlotKey) -> Rendezvous:
    return Rendezvous(source=TYPIST, port=0, shown=keys, sought=keys)


def shouts(effects: Sequence[Effect]) -> list[bytes]:
    return [effect.datagram for effect in effects if isinstance(effect, Shout)]


def dials(effects: Sequence[Effect]) -> list[Dial]:
    return [effect for effect in effects if isinstance(effect, Dial)]


def run(rendezvous: Rendezvous, *, until_s: float) -> list[tuple[float, bytes]]:
    """Every packet that is sent, and when, with a driver that wakes it as asked."""
    now_s, effects = START_S, rendezvous.start(START_S, chance("start"))
    sent = [(now_s, datagram) for datagram in shouts(effects)]
    while now_s < until_s and effects and isinstance(effects[-1], WakeAt):
        now_s = effects[-1].at_s
        effects = rendezvous.wake(now_s, chance(now_s))
        sent += [(now_s, datagram) for datagram in shouts(effects)]
    return sent


def test_it_shouts_at_once_and_every_second_for_fifteen_minutes() -> None:
    rendezvous = host(CODE)
    sent = run(rendezvous, until_s=START_S + 2000)
    times_s = [at_s for at_s, _ in sent]
    gaps_s = [later - earlier for earlier, later in pairwise(times_s)]
    assert times_s[0] == START_S
    assert 0.9 <= min(gaps_s) < max(gaps_s) <= 1.1
    assert START_S + 898 < times_s[-1] < START_S + RENDEZVOUS_OPEN_S
    assert rendezvous.state is State.OVER


def test_w1_a_packet_is_repeated_unchanged_and_its_nonce_lives_60_to_180_s() -> None:
    """W1, W2: one packet for each nonce; else two of them could be intersected."""
    sent = run(host(CODE, RESUMPTION), until_s=START_S + 890)
    packets: dict[bytes, set[bytes]] = {}
    lives_s: dict[bytes, list[float]] = {}
    for at_s, datagram in sent:
        packets.setdefault(datagram[:NONCE_BYTES], set()).add(datagram)
        lives_s.setdefault(datagram[:NONCE_BYTES], []).append(at_s)
    assert all(len(variants) == 1 for variants in packets.values())
    assert 5 <= len(packets) <= 15
    for times_s in list(lives_s.values())[:-1]:
        assert NONCE_LIFE_MIN_S - 2 <= times_s[-1] - times_s[0] <= NONCE_LIFE_MAX_S


def test_w1_two_nonces_share_nothing_but_the_port() -> None:
    first, *_, last = [datagram for _, datagram in run(host(CODE, RESUMPTION), until_s=START_S + 890)]
    slots = [{each[at : at + 8] for at in range(18, 530, 8)} for each in (first, last)]
    assert first[:16] != last[:16]
    assert not slots[0] & slots[1]


def test_after_the_time_is_up_nothing_is_sent_or_dialled() -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    late_s = START_S + RENDEZVOUS_OPEN_S
    assert rendezvous.hear(from_(HOST, CODE, port=4000), HOST, late_s) == []
    assert rendezvous.wake(late_s, chance(1)) == [Over()]
    assert rendezvous.wake(late_s + 1, chance(2)) == []
    assert rendezvous.hear(from_(HOST, CODE, port=4000), HOST, late_s + 2) == []


def test_a_link_that_comes_up_late_gets_what_is_left_of_the_time() -> None:
    sent = run(host(CODE, open_s=5.0), until_s=START_S + 60)
    assert sent[-1][0] < START_S + 5


@pytest.mark.parametrize("open_s", [0.0, -1.0, 901.0])
def test_nothing_is_open_longer_than_fifteen_minutes(open_s: float) -> None:
    with pytest.raises(MisuseError):
        host(CODE, open_s=open_s)


def test_a_typist_dials_the_host_it_recognises() -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    effects = rendezvous.hear(from_(HOST, OTHER_CODE, port=4000), HOST, START_S + 1)
    assert effects == []
    effects = rendezvous.hear(from_(HOST, CODE, port=4000), HOST, START_S + 1)
    assert effects == [Dial(address=HOST, port=4000, key=CODE)]


def test_sender_and_receiver_of_a_resumption_recognise_each_other_by_different_keys() -> None:
    theirs = SlotKey(kind=SlotKind.RESUMPTION, key=drawn("sender's slot key", 32))
    receiver = Rendezvous(source=TYPIST, port=0, shown=[RESUMPTION], sought=[theirs])
    receiver.start(START_S, chance(0))
    assert receiver.hear(from_(HOST, RESUMPTION, port=4000), HOST, START_S) == []
    assert dials(receiver.hear(from_(HOST, theirs, port=4000), HOST, START_S))


def test_a_host_that_hears_its_channel_shouts_at_once_and_never_dials() -> None:
    rendezvous = host(CODE)
    [own] = shouts(rendezvous.start(START_S, chance(0)))
    effects = rendezvous.hear(from_(TYPIST, CODE, port=0), TYPIST, START_S + 0.01)
    assert effects == [Shout(datagram=own)]


def test_an_answer_that_would_be_one_too_many_comes_as_soon_as_it_may() -> None:
    """Two devices that start together meet at once, not at the next regular shout."""
    rendezvous = host(CODE)
    rendezvous.start(START_S, chance(0))
    heard = [rendezvous.hear(from_(TYPIST, CODE, port=0), TYPIST, START_S + n / 10) for n in range(1, 6)]
    assert [len(shouts(effects)) for effects in heard] == [1, 1, 1, 0, 0]
    assert heard[3] == heard[4] == [WakeAt(at_s=START_S + 1)]
    assert len(shouts(rendezvous.wake(START_S + 1, chance(1)))) == 1


def test_two_hosts_of_one_channel_do_not_echo_each_other() -> None:
    rendezvous = host(CODE)
    rendezvous.start(START_S, chance(0))
    assert rendezvous.hear(from_(TYPIST, CODE, port=5000), TYPIST, START_S + 0.5) == []


def test_a_typist_ignores_other_typists() -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    assert rendezvous.hear(from_(HOST, CODE, port=0), HOST, START_S + 0.5) == []


@pytest.mark.parametrize("port", [1, 22, 80, 1023])
def test_p3_a_port_of_the_system_is_never_dialled(port: int) -> None:
    """P3: a forged datagram must not make us poke at somebody's ssh."""
    nonce = drawn("low port", NONCE_BYTES)
    forged = from_(HOST, CODE, port=4000)
    forged = nonce + port.to_bytes(2, "big") + forged[18:]
    forged = forged[:18] + slot(CODE, nonce=nonce, port=port, source=HOST) + forged[26:]
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    assert rendezvous.hear(forged, HOST, START_S + 1) == []


@pytest.mark.parametrize("length", [0, 529, 531, 9000])
def test_what_is_not_a_datagram_is_ignored(length: int) -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    assert rendezvous.hear(bytes(length), HOST, START_S) == []


def test_p3_a_flood_of_typists_makes_a_host_shout_four_times_a_second_at_most() -> None:
    rendezvous = host(CODE)
    sent_s = [START_S for _ in shouts(rendezvous.start(START_S, chance(0)))]
    forged = from_(TYPIST, CODE, port=0)
    wake_s = START_S + 1
    for step in range(10_000):
        now_s = START_S + step / 1000
        effects = rendezvous.hear(forged, ipv4(step), now_s)
        if now_s >= wake_s:
            effects += rendezvous.wake(now_s, chance(step))
        sent_s += [now_s for _ in shouts(effects)]
        wake_s = next((effect.at_s for effect in effects if isinstance(effect, WakeAt)), wake_s)
    assert len(sent_s) > 30
    spans_s = [later - earlier for earlier, later in zip(sent_s, sent_s[SHOUTS_PER_S_MAX:], strict=False)]
    assert min(spans_s) >= 1 - 1e-9


def dialled(rendezvous: Rendezvous, datagram: bytes, *, until_s: float) -> list[float]:
    """When a host that shouts every second is dialled."""
    seconds = range(int(until_s - START_S))
    return [START_S + s for s in seconds if dials(rendezvous.hear(datagram, HOST, START_S + s))]


def test_p3_one_host_is_dialled_ever_less_often_and_never_locked_out() -> None:
    """P3, both ways: no hammering, and within 30 s it has its next chance (0044)."""
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    dialled_s = dialled(rendezvous, from_(HOST, CODE, port=4000), until_s=START_S + 890)
    assert [later - earlier for earlier, later in pairwise(dialled_s)] == [3, 6, 12, 24, *[30] * 28]


@pytest.mark.parametrize("forged_port", [4000, 4001])
def test_p3_what_is_forged_in_the_name_of_a_host_does_not_lock_it_out(forged_port: int) -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    forged = from_(HOST, CODE, port=forged_port, name="forged")
    for step in range(40):  # at another port, and at its own before it listens
        rendezvous.hear(forged, HOST, START_S + step)
    honest = from_(HOST, CODE, port=4000)
    waited = next(s for s in range(100) if dials(rendezvous.hear(honest, HOST, START_S + 40 + s)))
    assert waited <= (30 if forged_port == 4000 else 1)


def test_p3_forged_ports_of_one_address_cost_a_dial_a_second() -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    forged = [from_(HOST, CODE, port=2000 + port) for port in range(100)]
    count = sum(
        len(dials(rendezvous.hear(forged[step % 100], HOST, START_S + step / 8))) for step in range(800)
    )
    assert 95 <= count <= 100


def test_p3_after_ten_minutes_without_a_dial_it_begins_anew() -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    datagram = from_(HOST, CODE, port=4000)
    assert len(dialled(rendezvous, datagram, until_s=START_S + 60)) == 5
    for later_s in (700, 703):
        assert dials(rendezvous.hear(datagram, HOST, START_S + later_s))


def test_p3_what_was_dialled_counts_on_all_links_and_under_other_keys_of_the_search() -> None:
    """P3: whoever makes us search anew, or is heard on two links, buys no faster dialling."""
    counted = Dials()
    first, second = (
        Rendezvous(source=TYPIST, port=0, shown=[CODE], sought=[CODE], dials=counted) for _ in range(2)
    )
    for rendezvous in (first, second):
        rendezvous.start(START_S, chance(0))
    datagram = from_(HOST, CODE, port=4000)
    assert dials(first.hear(datagram, HOST, START_S))
    assert not dials(second.hear(datagram, HOST, START_S + 2))
    assert dials(second.hear(datagram, HOST, START_S + 3))
    assert not dials(first.hear(datagram, HOST, START_S + 8))


def test_a_host_that_was_met_is_dialled_at_once_after_a_break() -> None:
    counted = Dials()
    rendezvous = Rendezvous(source=TYPIST, port=0, shown=[RESUMPTION], sought=[RESUMPTION], dials=counted)
    rendezvous.start(START_S, chance(0))
    datagram = from_(HOST, RESUMPTION, port=4000)
    for break_ in range(10):
        assert dials(rendezvous.hear(datagram, HOST, START_S + break_ / 4))
        counted.met(HOST, 4000, RESUMPTION)


def test_p3_forged_hosts_cost_four_dials_a_second_and_bounded_memory() -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    datagram = from_(HOST, CODE, port=4000)
    count = sum(
        len(dials(rendezvous.hear(datagram, ipv4(step), START_S + step / 400))) for step in range(4000)
    )
    assert 30 <= count <= 41  # 10 seconds


def test_p3_of_a_flood_of_sources_only_the_latest_are_remembered() -> None:
    """P3: the table of dials does not grow. To push a row out takes longer than its longest pause."""
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    datagram = from_(HOST, CODE, port=4000)
    for step in (0, 3, 9, 21, 45):
        assert dials(rendezvous.hear(datagram, HOST, START_S + step))
    for number in range(SOURCES_MAX):
        assert dials(rendezvous.hear(datagram, ipv4(100 + number), START_S + 46 + number / 4))
    for later_s in (120, 123):  # as if never heard
        assert dials(rendezvous.hear(datagram, HOST, START_S + later_s))


def test_p3_forged_codes_do_not_take_the_turn_of_a_resumption() -> None:
    """P3: a contact still gets through; its slot cannot be forged."""
    rendezvous = typist(CODE, RESUMPTION)
    rendezvous.start(START_S, chance(0))
    assert dials(rendezvous.hear(from_(HOST, CODE, port=4000), ipv4(9), START_S))
    effects = rendezvous.hear(from_(HOST, RESUMPTION, port=4000), HOST, START_S + 0.001)
    assert dials(effects) == [Dial(address=HOST, port=4000, key=RESUMPTION)]


def test_p3_one_loud_source_does_not_silence_another() -> None:
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    noise = from_(ipv4(66), OTHER_CODE, port=4000)
    for _ in range(10 * HEARD_PER_S_MAX):
        rendezvous.hear(noise, ipv4(66), START_S)
    assert dials(rendezvous.hear(from_(HOST, CODE, port=4000), HOST, START_S))


def test_p3_a_flood_from_everywhere_is_not_computed_on_for_long() -> None:
    """The 513th datagram of a second is not looked at, although it would match; the next second's is."""
    rendezvous = typist(CODE)
    rendezvous.start(START_S, chance(0))
    noise = from_(ipv4(66), OTHER_CODE, port=4000)
    for number in range(HEARD_PER_S_MAX):
        rendezvous.hear(noise, ipv4(100 + number), START_S)
    honest = from_(HOST, CODE, port=4000)
    assert not dials(rendezvous.hear(honest, HOST, START_S + 0.5))
    assert dials(rendezvous.hear(honest, HOST, START_S + 1.0))


def test_chance_of_the_wrong_length_and_a_second_start_are_refused() -> None:
    rendezvous = host(CODE)
    with pytest.raises(MisuseError):
        rendezvous.start(START_S, b"short")
    rendezvous = host(CODE)
    rendezvous.start(START_S, chance(0))
    with pytest.raises(MisuseError):
        rendezvous.start(START_S, chance(0))

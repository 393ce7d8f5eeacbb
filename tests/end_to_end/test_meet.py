"""Contacts meet on real networks: `satchel meet` on hosts of the laboratory (W1, P1, P2, P3)."""

import time
from contextlib import suppress

import pytest

from end_to_end.acquainted import HERE_S, THERE_S, contacts_of, couple, ended_well, made, met, pair_up
from end_to_end.programs import Person, events
from lab import Dialogue, Lab, LabError, Watch

pytestmark = pytest.mark.lab
TRIES, AT_ONCE_S = 4, 8.0
GROUP_PORT = 61530


def shouts(watch: Watch, host_ip: str) -> list[tuple[float, bytes]]:
    """What this host has sent to the port of beacons: all 530 bytes of each."""
    packets = watch.traffic().from_programs()
    return [
        (packet.at_ns / 1e9, packet.payload)
        for packet in packets
        if packet.destination_port == GROUP_PORT and str(packet.source) == host_ip
    ]


def test_they_meet_and_what_was_agreed_on_is_kept(lab: Lab) -> None:
    """W4: the epoch of today is agreed on and stored by both."""
    amina, bilal = couple(lab)
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)
    today = int(time.time()) // 86_400
    kept = [contacts_of(person)[0] for person in (amina, bilal)]
    assert {contact.pair.epochs.agreed for contact in kept} == {today}
    assert kept[0].heard == kept[1].counter
    assert kept[1].heard == kept[0].counter


CLOCKS = {  # and how long they may take
    "+23h": HERE_S,
    "-23h": HERE_S,
    "1970-01-02 00:00:00": 180.0,
    "2100-01-01 00:00:00": 180.0,
    "-21d": 360.0,
    "+21d": 360.0,
}


def all_meet(couples: dict[str, tuple[Person, Person]]) -> dict[str, Dialogue]:
    """At once, each couple on a network of its own; what the second of each was told."""
    talks = {clock: [person.satchel("meet") for person in both] for clock, both in couples.items()}
    for clock, (here, there) in talks.items():
        one, other = couples[clock]
        met(here, other.host.name, CLOCKS[clock])
        met(there, one.host.name, CLOCKS[clock])
    for here, there in talks.values():
        ended_well(here, there)
    return {clock: there for clock, (_, there) in talks.items()}


def test_wrong_clocks_meet_and_meet_again_when_they_are_right(lab: Lab) -> None:
    """That nobody has to say meet then: sim/test_meeting.py."""
    couples = {
        clock: couple(lab, clock=clock, island=f"island{n}", names=(f"amina{n}", f"bilal{n}"))
        for n, clock in enumerate(CLOCKS)
    }
    then = {}
    for clock, there in all_meet(couples).items():
        said = [event["what"] for event in events(there) if event["event"] == "warning"]
        assert any("clock" in what for what in said) is clock.startswith(("1970", "2100")), clock
        then[clock] = agreed(*couples[clock])
        ahead = {"+23h": 1, "+21d": 21}.get(clock, 0)
        assert 0 <= then[clock] - int(time.time()) // 86_400 + 1 <= ahead + 1, clock
    right = {clock: (one, Person(other.host)) for clock, (one, other) in couples.items()}
    for clock, there in all_meet(right).items():
        said = [event["what"] for event in events(there) if event["event"] == "warning"]
        assert not [what for what in said if "clock" in what or "back" in what], clock
        assert agreed(*right[clock]) == max(then[clock], int(time.time()) // 86_400), clock


def agreed(one: Person, other: Person) -> int:
    """The epoch that both have stored."""
    [epoch] = {contacts_of(person)[0].pair.epochs.agreed for person in (one, other)}
    return epoch


def test_ipv6_only(lab: Lab) -> None:
    lab.island("six", ipv4=False)
    amina, bilal = couple(lab, island="six")
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)


def test_a_typed_address_where_multicast_is_dropped(lab: Lab) -> None:
    lab.island("school", multicast=False)
    amina, bilal = couple(lab, island="school")
    here = amina.satchel("meet")
    addresses = here.expect_event("address", 10)["addresses"]
    [at] = [address for address in addresses if address.startswith(amina.host.ip)]
    there = bilal.satchel("meet", "--at", at)
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)


def test_no_contacts_and_nobody_and_no_address_of_here(lab: Lab) -> None:
    amina = made(Person(lab.host("amina", route="void")))
    alone = amina.satchel("meet")
    assert alone.wait(10) == 5
    bilal = made(Person(lab.host("bilal")))
    pair_up(amina, bilal)
    far = amina.satchel("meet", "--at", "8.8.8.8:4000")
    assert far.wait(10) == 2, far.text
    assert all(events(far)[-1][part] for part in ("what", "safe", "do"))


def test_on_another_network_with_another_address_and_nothing_in_common(lab: Lab) -> None:
    """W1: what is sent on the second network has nothing of the first; on one network the packets of one
    nonce are equal. Chen hears all and meets nobody (P1, P2)."""
    chen, dara = made(Person(lab.host("chen"))), made(Person(lab.host("dara", "elsewhere")))
    amina, bilal = couple(lab)
    for other in (amina, bilal):  # a third contact who never comes, so that nobody is done early
        pair_up(other, dara)
    pair_up(chen, dara)
    seen: list[list[bytes]] = []
    stranger = chen.satchel("meet")
    with lab.watch("home") as first:
        here, there = amina.satchel("meet"), bilal.satchel("meet")
        met(here, "bilal")
        met(there, "amina")
        time.sleep(20)  # until each has shouted once more
    seen.append([data for host in (amina, bilal) for _, data in shouts(first, host.host.ip)])
    with lab.watch("cafe") as second:
        for person in (amina, bilal):
            lab.move(person.host, "cafe")
        met(here, "bilal", THERE_S)
        met(there, "amina", THERE_S)
        time.sleep(1)
    seen.append([data for host in (amina, bilal) for _, data in shouts(second, host.host.ip)])
    for datagrams in seen:
        assert {len(datagram) for datagram in datagrams} == {530}
        nonces = {datagram[:16] for datagram in datagrams}
        assert len(set(datagrams)) == len(nonces), "two packets of one nonce that differ"
    assert len(seen[0]) > len(set(seen[0])), "no packet was repeated"
    parts = [{d[at : at + 8] for d in some for at in range(18, 530, 8)} for some in seen]
    assert parts[0].isdisjoint(parts[1])
    ports = [{int.from_bytes(d[16:18], "big") for d in some} for some in seen]
    assert ports[0].isdisjoint(ports[1])
    assert min(ports[0] | ports[1]) >= 1024
    assert not [event for event in events(stranger) if event["event"] == "peer"]


def test_a_power_cut_right_after_a_session_loses_nothing(lab: Lab) -> None:
    """W4: kill -9 at both, and they meet again, with the epoch that was agreed on."""
    amina, bilal = couple(lab)
    dara = made(Person(lab.host("dara", "elsewhere")))
    for other in (amina, bilal):
        pair_up(other, dara)
    for _ in range(TRIES):
        here, there = amina.satchel("meet"), bilal.satchel("meet")
        met(here, "bilal")
        amina.host.crash()
        with suppress(LabError):  # the session was being beaten by another one, that both had dialled
            met(there, "amina", AT_ONCE_S)
            break
        bilal.host.crash()
    else:
        raise AssertionError("never met by both")
    bilal.host.crash()
    here.wait(10)
    there.wait(10)
    before = [contacts_of(person)[0] for person in (amina, bilal)]
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal", THERE_S)
    met(there, "amina", THERE_S)
    for person, dialogue in ((amina, here), (bilal, there)):
        person.host.crash()
        dialogue.wait(10)
        assert not [e for e in events(dialogue) if e["event"] == "warning" and "went back" in e["what"]]
    for one, contact in zip((amina, bilal), before, strict=True):
        [now] = [kept for kept in contacts_of(one) if kept.id == contact.id]
        assert now.counter > contact.counter
        assert now.pair.epochs.agreed >= contact.pair.epochs.agreed


def test_a_stored_address_where_multicast_is_dropped(lab: Lab) -> None:
    """Where they met before, they meet by whispers: and nobody else is whispered to."""
    lab.island("office", route="void")
    amina, bilal = couple(lab, island="office")
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)
    lab.islands["office"].multicast = False
    lab.mend_all()  # writes the rules anew
    here, there = amina.satchel("meet"), bilal.satchel("meet")
    met(here, "bilal")
    met(there, "amina")
    ended_well(here, there)

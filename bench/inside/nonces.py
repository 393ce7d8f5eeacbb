"""What beacons nearby cost who has many contacts: `python nonces.py CONTACTS NEARBY FRIENDS MINUTES`.

The real state machine hears the packets of so many devices, some of them contacts, for so many minutes of
virtual time. Only its own work is counted. Beside it, in the same process, the least that must be done: as
many bare MACs, each from a state that has its key already. One JSON object on standard output.
"""

import hashlib
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from satchel.core.discovery import beacon as b
from satchel.core.discovery.datagram import FILL_BYTES, NONCE_BYTES, PLACES_BYTES, draw_datagram
from satchel.core.discovery.hearing import Budget
from satchel.core.discovery.people import People
from satchel.core.discovery.rendezvous import WakeAt
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Tags
from satchel.node.hardware import macs_per_s

START_S = 1_800_000_000
INTERVAL_S = 60.0  # of each device, where 500 are nearby
MARKS_PER_CONTACT = 4
OURS = bytes(10) + b"\xff\xff\x0a\x00\x00\x01"


def main(contacts: int, nearby: int, friends: int, minutes: int) -> None:
    chance = random.Random(1)
    people, theirs = acquaint(contacts, chance)
    packets = sorted(heard(nearby, friends, theirs, minutes * 60.0, chance), key=lambda packet: packet[0])
    bare_s = bare_macs(contacts * MARKS_PER_CONTACT, packets[0][2])
    budget = Budget(macs_per_s=macs_per_s())  # as a node measures it: with all that stands around a MAC
    machine = b.Beacon(people=people, budget=budget, source=OURS)
    now = reading(0.0)
    spent_s = [0.0]
    wake_s = clocked(
        spent_s, lambda: machine.start(b.Mode.OPEN, port=4000, reading=now, now_s=0.0, chance=draw(chance))
    )
    seen: set[bytes] = set()
    new_s: list[float] = []
    dials = 0
    for at_s, source, datagram in packets:
        while wake_s <= at_s:
            wake = partial(machine.wake, reading=reading(wake_s), now_s=wake_s, chance=draw(chance))
            wake_s = clocked(spent_s, wake)
        before_s = spent_s[0]
        effects: list[b.Effect] = []
        hear = partial(machine.hear, datagram, source, reading=reading(at_s), now_s=at_s)
        wake_s = clocked(spent_s, hear, effects)
        dials += sum(isinstance(effect, b.Dial) for effect in effects)
        if datagram[:NONCE_BYTES] not in seen:
            seen.add(datagram[:NONCE_BYTES])
            new_s.append(spent_s[0] - before_s)
    print(
        json.dumps(
            {
                "nonces": len(new_s),
                "packets": len(packets),
                "dials": dials,
                "nonce_ms": 1000 * statistics.median(new_s),
                "nonce_most_ms": 1000 * max(new_s),
                "bare_ms": 1000 * bare_s,
                "share": spent_s[0] / (minutes * 60.0),
                "rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


def clocked(
    spent_s: list[float], call: Callable[[], list[b.Effect]], effects: list[b.Effect] | None = None
) -> float:
    """Count what a call costs; when the machine wants to be woken."""
    began_s = time.thread_time()
    found = call()
    spent_s[0] += time.thread_time() - began_s
    if effects is not None:
        effects += found
    wakes = [effect.at_s for effect in found if isinstance(effect, WakeAt)]
    return wakes[-1] if wakes else float("inf")


def reading(now_s: float) -> Reading:
    return Reading(time_s=START_S + int(now_s), plausible=True)


def draw(chance: random.Random) -> bytes:
    return chance.randbytes(b.RANDOM_BYTES)


def acquaint(contacts: int, chance: random.Random) -> tuple[People, Tags]:
    """We and they, as seen from either side: `theirs` marks beacons for us."""
    people, theirs = People(tags=Tags(), spent=Spent()), Tags()
    for number in range(contacts):
        contact = ContactId(number.to_bytes(16, "big"))
        one, other = chance.randbytes(32), chance.randbytes(32)
        epoch = START_S // 86_400 - chance.randrange(30)
        people.put(contact, begin(epoch=epoch, speaking=one, listening=other))
        theirs.put(contact, begin(epoch=epoch, speaking=other, listening=one))
    return people, theirs


def heard(
    nearby: int, friends: int, theirs: Tags, seconds: float, chance: random.Random
) -> list[tuple[float, bytes, bytes]]:
    """When, from where, what; the first `friends` of them are contacts."""
    packets = []
    for number in range(nearby):
        source = bytes(10) + b"\xff\xff\x0a\x00" + (number + 2).to_bytes(2, "big")
        at_s, redraw_at_s, datagram = chance.random() * INTERVAL_S, 0.0, b""
        while at_s < seconds:
            if at_s >= redraw_at_s:
                contact = theirs.contacts[number] if number < friends else None
                mark = None if contact is None else theirs.spoken(contact, reading(at_s), hourless=False)
                datagram = draw_datagram(
                    [] if mark is None else [mark],
                    nonce=chance.randbytes(NONCE_BYTES),
                    port=chance.randrange(1024, 65536),
                    source=source,
                    fill=chance.randbytes(FILL_BYTES),
                    places=chance.randbytes(PLACES_BYTES),
                )
                redraw_at_s = at_s + chance.uniform(60, 180)
            packets.append((at_s, source, datagram))
            at_s += INTERVAL_S * chance.uniform(0.7, 1.3)
    return packets


def bare_macs(count: int, message: bytes) -> float:
    """Seconds for so many MACs of a beacon's length, the best of five."""
    inner, outer = (hashlib.sha256(bytes((pad,)) * 64) for pad in (0x36, 0x5C))
    message, turns = message[:38], []
    for _ in range(5):
        began_s = time.thread_time()
        for _ in range(count):
            first = inner.copy()
            first.update(message)
            second = outer.copy()
            second.update(first.digest())
            second.digest()
        turns.append(time.thread_time() - began_s)
    return min(turns)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))

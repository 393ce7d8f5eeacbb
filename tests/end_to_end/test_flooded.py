"""P3: a flood of forged beacons and first flights. A whole minute of it: `dev.py bench flood`."""

import time

import pytest

from end_to_end.acquainted import made, met, pair_up
from end_to_end.programs import Person
from lab import Lab
from lab.flooding import Flood
from lab.process import usage

pytestmark = pytest.mark.lab
SECONDS = 15.0
MET_S = 5.0


def test_a_flood_keeps_no_contact_away(lab: Lab) -> None:
    """P3: 10,000 forged beacons and 1,000 forged flights a second from 16 addresses. A contact that shouts is
    met within 5 s of its first packet, one that dials is through in 5 s; below 150 MB and 60 % of a core."""
    bilal, amina, chen = (made(Person(lab.host(name))) for name in ("bilal", "amina", "chen"))
    for other in (amina, chen):
        pair_up(other, bilal)
    there = bilal.satchel("up")
    addresses = there.expect_event("ready", 10)["addresses"]
    [target] = [address for address in addresses if address.startswith(bilal.host.ip)]
    flood = Flood(lab.host("mallory"), target, 4 * SECONDS)
    began_s = time.monotonic()
    pid = there.process.inner()
    assert pid
    before_s, _ = usage(pid)
    took_s = []
    for person, where in ((amina, ()), (chen, ("--at", target))):
        here = person.satchel("meet", *where)
        here.expect_event("searching", 10)
        searching_s = time.monotonic()
        met(here, "bilal", 2 * MET_S)
        met(there, person.host.name, 2 * MET_S)
        took_s.append(time.monotonic() - searching_s)
    time.sleep(max(0.0, began_s + SECONDS - time.monotonic()))
    used_s, peak_bytes = usage(pid)
    share, memory_mb = (used_s - before_s) / (time.monotonic() - began_s), peak_bytes / 1e6
    assert flood.goes_on
    beacons, flights = flood.end()
    print(f"{share:.0%} of a core, {memory_mb:.0f} MB, met within {took_s} s")
    assert max(took_s) < MET_S
    assert memory_mb < 150
    assert share < 0.6
    assert beacons > 9_900
    assert flights > 990

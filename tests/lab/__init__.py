"""Hosts, islands, bad radio, partitions and watchers in network namespaces, for tests.

    from lab import Lab, Radio

    with Lab() as lab:
        a, b = lab.host("a"), lab.host("b")              # on the island "home"; no way to the Internet
        server = a.talk([sys.executable, "-m", "http.server", "8000"])   # read and typed at
        b.run(["satchel", "receive", "--at", f"{a.ip}:8000"])            # also a.ip6, a.mac, a.home
        lab.shape(a, Radio(rate_bps=54e6, delay_s=0.01, jitter_s=0.003, loss=0.01, multicast_loss=0.2))
        lab.cut(a, [b]); lab.mend(a, b)                  # partition and heal
        lab.down(a); lab.up(a)                           # no signal, signal
        server.process.kill(); a.crash()                 # kill -9 of one program, of all of the host
        lab.move(a, "far")                               # another network: new MAC and IP addresses
        lab.add_card(a, "home")                          # eth0, besides
        a.run(["date"], clock="1970-01-02 00:00:00")     # another clock, also "+3d" or a timedelta
        with lab.watch("far") as watch:                  # all frames, as a pcap file
            ...
        assert len(watch.traffic().name_queries()) == 0
        assert len(watch.traffic().non_local()) == 0

        lab.island("cafe", isolate=True)                 # an access point that keeps its clients apart,
        lab.host("point", "cafe", isolated=False)        # but not from itself
        lab.island("school", multicast=False)            # drops UDP multicast
        lab.island("six", ipv4=False)                    # link-local IPv6 only
        lab.host("c", route="void")                      # what it sends to the Internet is seen, not answered

Where none can be made, `why_not()` says why. In pytest: the fixtures `lab` and `make_lab` of
`lab.pytest_plugin`. Every namespace is held by a child whose standard input is a pipe from the
process that made the laboratory: when that ends, even by kill -9, all goes. Never here: real Wi-Fi
(association, sleep, a shared channel), Bluetooth, DHCP, routers between islands.
"""

from lab.frames import Packet
from lab.host import Host, HostCounts
from lab.island import Island
from lab.namespace import LabError, why_not
from lab.network import Lab
from lab.process import Dialogue, Process
from lab.radio import Radio, WayCounts
from lab.traffic import Flow, FlowCount, Traffic
from lab.watch import Watch

__all__ = [
    "Dialogue",
    "Flow",
    "FlowCount",
    "Host",
    "HostCounts",
    "Island",
    "Lab",
    "LabError",
    "Packet",
    "Process",
    "Radio",
    "Traffic",
    "Watch",
    "WayCounts",
    "why_not",
]

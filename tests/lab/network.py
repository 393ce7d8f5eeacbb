"""The laboratory: islands, hosts, cables between them, and all the trouble they can have."""

import contextlib
import dataclasses
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.host import NIC, Host, Route
from lab.island import Island, host_lines, resolver6
from lab.namespace import LabError, Namespace, environment
from lab.process import Process
from lab.radio import Radio, WayCounts
from lab.watch import Watch

TESTS = Path(__file__).parents[1]
SNAP_BYTES = 65_550  # more than any frame


@dataclass(slots=True, kw_only=True)
class _Cable:
    """What the laboratory knows of a host's cable."""

    isolated: bool | None
    ipv4: bool | None
    ipv6: bool | None
    route: Route | None
    relay: Process | None = None
    more_cards: int = 0
    radios: dict[str, Radio] = dataclasses.field(default_factory=dict)


class Lab:
    """Makes islands and hosts, and takes everything away at the end of the block.

    with Lab() as lab:
        a, b = lab.host("a"), lab.host("b")
        server = a.talk(["satchel", "up", "--json"])
        server.expect("ready")
        lab.shape(a, Radio(rate_bps=54e6, delay_s=0.01, loss=0.01))
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        seed: int = 0,
        offload: bool = False,
        congestion: str = "cubic",
        congestion_fixed: bool = False,
    ) -> None:
        """Nothing is made before the `with` block.

        Args:
            folder: for homes and captures; else a temporary one.
            seed: for addresses.
            offload: leave the cards' offloads on: far faster, but frames of up to 64 KiB that no
                real network has, and fewer of them.
            congestion: the TCP congestion control of all hosts.
            congestion_fixed: a program cannot choose another, as on a kernel that has no other.
        """
        self._given_folder = folder
        self._chance = random.Random(seed)
        self._offload = offload
        self._congestion = f"lock {congestion}" if congestion_fixed else congestion
        self._kernel_congestion = congestion
        self.hosts: dict[str, Host] = {}
        self.islands: dict[str, Island] = {}
        self._cables: dict[str, _Cable] = {}
        self._cuts: set[frozenset[str]] = set()
        self._watches = 0

    def __enter__(self) -> "Lab":
        self.folder = self._given_folder or Path(tempfile.mkdtemp(prefix="satchel-lab-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self._closing = contextlib.ExitStack()
        if not self._given_folder:
            self._closing.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self._air = Namespace()
        except BaseException:
            self._closing.close()
            raise
        self._closing.callback(self._air.end)
        # The bridges are part of the air and say nothing of their own.
        self._air.ask("set_kernel", settings={"net/ipv6/conf/default/disable_ipv6": "1"})
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    # Islands and hosts

    def island(
        self,
        name: str = "home",
        *,
        isolate: bool = False,
        multicast: bool = True,
        ipv4: bool = True,
        ipv6: bool = True,
        route: Route = "none",
    ) -> Island:
        """Make a network; see `Island` for the kinds. A host on an unknown island makes a plain one."""
        if name in self.islands:
            raise LabError(f"{name} is there already")
        number = len(self.islands) + 1
        island = Island(
            name=name, number=number, isolate=isolate, multicast=multicast, ipv4=ipv4, ipv6=ipv6, route=route
        )
        self._air.ask("ip", lines=[
            f"link add {island.bridge} type bridge mcast_snooping 0 stp_state 0 forward_delay 0",
            f"link set {island.bridge} up",
        ])  # fmt: skip
        self.islands[name] = island
        return island

    def host(
        self,
        name: str,
        island: str = "home",
        *,
        isolated: bool | None = None,
        ipv4: bool | None = None,
        ipv6: bool | None = None,
        route: Route | None = None,
    ) -> Host:
        """Make a host on an island. What is not given is as on the island, also after it moved.

        Args:
            name: also its host name.
            island: where it is plugged in.
            isolated: False exempts it from client isolation: it is the access point.
            ipv4, ipv6: whether it has an address of this kind.
            route: its way to the Internet.
        """
        if name in self.hosts:
            raise LabError(f"{name} is there already")
        number = len(self.hosts) + 1
        namespace = Namespace(self._air)
        self._closing.callback(namespace.end)
        host = Host(name, number, namespace, self.folder / name)
        self._closing.callback(host.end)
        self.hosts[name] = host
        self._cables[name] = _Cable(isolated=isolated, ipv4=ipv4, ipv6=ipv6, route=route)
        algorithm = {"net/ipv4/tcp_congestion_control": self._kernel_congestion}
        host.in_here().ask("try_kernel", settings=algorithm)  # `host_lines` makes sure of it
        self._island(island)  # before the cable: bridges have the small interface numbers
        self._air.ip_from_outside(f"link add {_card_end(host)} type veth peer name {NIC} netns {host.pid}")
        if not self._offload:
            host.in_here().ask("offload_off", names=[NIC])
            self._air.ask("offload_off", names=[_card_end(host)])
        self.move(host, island)
        return host

    def move(self, host: Host, island: str = "home", *, keep_mac: bool = False) -> None:
        """Take a host to an island. It has a new IP address there and, as phones do, a new MAC address."""
        self.leave(host)
        if not keep_mac:
            host.mac = "02:" + self._chance.randbytes(5).hex(":")
        there, cable = self._island(island), self._cables[host.name]
        ipv4 = there.ipv4 if cable.ipv4 is None else cable.ipv4
        ipv6 = there.ipv6 if cable.ipv6 is None else cable.ipv6
        route = cable.route or there.route
        host.place = there.place(self._chance, ipv4=ipv4, ipv6=ipv6)
        host.ask_names_of(there.resolver if ipv4 else f"{resolver6(there)}%{NIC}")
        inside = host.in_here()
        inside.ask("set_kernel", settings={f"net/ipv6/conf/{NIC}/disable_ipv6": "0" if ipv6 else "1"})
        lines = host_lines(there, host.place, mac=host.mac, route=route, congestion=self._congestion)
        inside.ask("ip", lines=lines)
        self._plug_in(host)

    def leave(self, host: Host) -> None:
        """Take a host out of its island, with no network at all."""
        if host.place is None:
            return
        self.down(host)
        self._air.ask("ip", lines=[f"link set {self._port(host)} nomaster"])
        host.in_here().ask("ip", lines=[f"link set {NIC} down", f"addr flush dev {NIC}"])
        host.ask_names_of(None)
        host.place = None

    def add_card(self, host: Host, island: str) -> str:
        """Give a host one more card on an island, for good: "eth0", "eth1" and so on. Its MAC address."""
        cable, there = self._cables[host.name], self._island(island)
        name, outside = f"eth{cable.more_cards}", f"k{host.number}-{cable.more_cards}"
        cable.more_cards += 1
        mac = "02:" + self._chance.randbytes(5).hex(":")
        place = there.place(self._chance, ipv4=there.ipv4, ipv6=there.ipv6)
        self._air.ip_from_outside(f"link add {outside} type veth peer name {name} netns {host.pid}")
        host.in_here().ask("offload_off", names=[name])
        lines = host_lines(there, place, mac=mac, route="none", congestion=self._congestion, card=name)
        host.in_here().ask("ip", lines=lines)
        self._air.ask("ip", lines=[f"link set {outside} master {there.bridge}", f"link set {outside} up"])
        return mac

    # Trouble

    def down(self, host: Host) -> None:
        """The host loses its signal; it keeps its addresses."""
        self._air.ask("ip", lines=[f"link set {_card_end(host)} down"])

    def up(self, host: Host) -> None:
        """The signal is back."""
        self._air.ask("ip", lines=[f"link set {_card_end(host)} up"])

    def cut(self, some: Host | Iterable[Host], others: Host | Iterable[Host]) -> None:
        """No frame passes between `some` and `others` until `mend`. A watcher still sees them sent."""
        self._cuts |= _pairs(some, others)
        self._write_rules()

    def mend(self, some: Host | Iterable[Host], others: Host | Iterable[Host]) -> None:
        """Take a cut away."""
        self._cuts -= _pairs(some, others)
        self._write_rules()

    def mend_all(self) -> None:
        """Take all cuts away."""
        self._cuts.clear()
        self._write_rules()

    def shape(
        self, host: Host, both: Radio | None = None, *, up: Radio | None = None, down: Radio | None = None
    ) -> None:
        """Make a host's radio bad: what it sends (`up`), what it gets (`down`), or both.

        A direction that is not given becomes perfect. Chances begin anew from their seed. The same
        frames in the same order share the same fate; a kernel's own frames do not keep their order.
        """
        if not both and not up and not down:
            raise LabError("a shape has at least one radio; unshape() takes it away")
        cable = self._cables[host.name]
        cable.radios = {"up": up or both or Radio(), "down": down or both or Radio()}
        if not cable.relay:
            self._put_relay_in(host)
        self._tell_relay(cable, {name: dataclasses.asdict(radio) for name, radio in cable.radios.items()})

    def unshape(self, host: Host) -> None:
        """Give the host its perfect cable back."""
        cable = self._cables[host.name]
        if cable.relay:
            cable.relay.end()
            self._air.ask("ip", lines=[f"link del x{host.number}"])
            cable.relay = None
            if host.place:
                self._plug_in(host)

    def radio_counts(self, host: Host) -> dict[str, WayCounts]:
        """Frames that came, were lost, did not fit and passed: "up" and "down"."""
        cable = self._cables[host.name]
        if not cable.relay:
            raise LabError(f"{host.name} has no radio")
        return self._tell_relay(cable, {})

    # Watching

    def watch(
        self, where: str | Host = "home", *, path: Path | None = None, snap_bytes: int = SNAP_BYTES
    ) -> Watch:
        """Record all frames of an island, or of one host's cable, until stop() or the end of the block.

        Args:
            where: the island, or the host (between it and its bad radio).
            path: the pcap file to write.
            snap_bytes: how much of each frame to keep; 128 is enough for everything but payloads.
        """
        if isinstance(where, Host):
            interface, name, subnets = _card_end(where), where.name, [i.subnet for i in self.islands.values()]
        else:
            island = self._island(where)
            interface, name, subnets = island.bridge, where, [island.subnet]
        self._watches += 1
        path = path or self.folder / f"{name}-{self._watches}.pcap"
        process = self._start("lab.capture", interface, str(path), str(snap_bytes))
        watch = Watch(process, path, subnets)
        self._closing.callback(watch.stop)
        return watch

    # Within

    def _island(self, name: str) -> Island:
        return self.islands.get(name) or self.island(name)

    def _port(self, host: Host) -> str:
        """The interface of the host's cable that is in the bridge."""
        return f"b{host.number}" if self._cables[host.name].relay else _card_end(host)

    def _plug_in(self, host: Host) -> None:
        assert host.place is not None
        island, exempt = self.islands[host.place.island], self._cables[host.name].isolated is False
        port = self._port(host)
        # Last the port: a bridge takes a port at once that goes up while its cable is alive.
        self._air.ask("ip", lines=[
            f"link set {_card_end(host)} up",
            f"link set {port} master {island.bridge}",
            f"link set {port} type bridge_slave isolated {'on' if island.isolate and not exempt else 'off'}",
            f"link set {port} up",
        ])  # fmt: skip
        if self._cuts or not all(known.multicast for known in self.islands.values()):
            self._write_rules()

    def _put_relay_in(self, host: Host) -> None:
        outside, inside = f"x{host.number}", f"b{host.number}"
        self._air.ask("ip", lines=[
            f"link add {outside} type veth peer name {inside}",
            f"link set {outside} up",
            f"link set {_card_end(host)} nomaster",
        ])  # fmt: skip
        # The relay takes frames for what they are, so the kernel is to cut up large ones before it.
        self._air.ask("offload_off", names=[outside, inside, _card_end(host)])
        host.in_here().ask("offload_off", names=[NIC])
        self._cables[host.name].relay = self._start("lab.relay", _card_end(host), outside)
        if host.place:
            self._plug_in(host)

    def _tell_relay(self, cable: _Cable, message: dict[str, object]) -> dict[str, WayCounts]:
        relay = cable.relay
        assert relay is not None
        assert relay.stdin is not None
        assert relay.stdout is not None
        try:
            relay.stdin.write(json.dumps(message) + "\n")
            relay.stdin.flush()
            counts = json.loads(relay.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise LabError("the relay of a bad radio has died") from None
        return {name: WayCounts(**count) for name, count in counts.items()}

    def _start(self, module: str, *arguments: str) -> Process:
        """Start one of this package's own programs in the air, and wait until it is ready."""
        process = Process(
            self._air.command([sys.executable, "-S", "-m", module, *arguments]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment() | {"PYTHONPATH": str(TESTS)},
            start_new_session=True,
        )
        self._closing.callback(process.end)
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise LabError(f"{module} did not start")
        return process

    def _write_rules(self) -> None:
        """Replace all rules of the bridges at once."""
        rules = []
        for pair in sorted(sorted(pair) for pair in self._cuts):
            one, other = (self._port(self.hosts[name]) for name in pair)
            rules += [f"iifname {one} oifname {other} drop", f"iifname {other} oifname {one} drop"]
        for host in self.hosts.values():
            if host.place and not self.islands[host.place.island].multicast:
                to_many = f"iifname {self._port(host)} meta l4proto udp"
                rules += [f"{to_many} ip daddr 224.0.0.0/4 drop", f"{to_many} ip6 daddr ff00::/8 drop"]
        chain = "\n".join(["type filter hook forward priority 0;", *rules])
        table = "table bridge lab"  # named first, so that the deletion always finds one
        text = f"{table}\ndelete {table}\n{table} {{ chain f {{\n{chain}\n}}\n}}\n"
        self._air.ask("run", command=["nft", "-f", "-"], text=text)


def _card_end(host: Host) -> str:
    """The far end of the host's cable; it carries the host's signal."""
    return f"h{host.number}"


def _pairs(some: Host | Iterable[Host], others: Host | Iterable[Host]) -> set[frozenset[str]]:
    ones, twos = ([group] if isinstance(group, Host) else list(group) for group in (some, others))
    return {frozenset((one.name, two.name)) for one in ones for two in twos if one is not two}

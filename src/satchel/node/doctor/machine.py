"""Reading this machine: /proc, /sys, /etc, /run, and two programs where nothing else can tell.

Only reads. Every file is read to a limit, and what is missing or may not be read counts as not there. Asks no
name server and sends nothing. /sys shows the interfaces of the network namespace that it was mounted in.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from satchel.core.identity.clocks import AHEAD_OF_BUILD_S, BUILT_S
from satchel.node.doctor import configs
from satchel.node.doctor.facts import (
    Announcement,
    Announcer,
    Chain,
    Facts,
    InterfaceFacts,
    ProfileFacts,
)

FILE_MAX_BYTES = 1 << 20
RUN_S = 2.0
MDNS, LLMNR = 5353, 5355
TOOLS = ("sudo", "nmcli", "nft", "iptables")
NAMELESS = frozenset({"", "localhost", "localhost.localdomain", "(none)"})
LAYERS_MAX = 8  # of block devices on top of each other
PROCESSES_MAX = 100_000

Run = Callable[[Sequence[str]], str]


def run(command: Sequence[str]) -> str:
    """What a program says on standard output, in English; empty if it fails or is not there."""
    found = shutil.which(command[0], path=search_path())
    if found is None:
        return ""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, and identifiers that the system made
            [found, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=RUN_S,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout[:FILE_MAX_BYTES].decode(errors="replace") if done.returncode == 0 else ""


def search_path() -> str:
    """A plain user's PATH often lacks the folders with `nft`."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"


def look(
    interfaces: Sequence[InterfaceFacts],
    *,
    profile: Path | None,
    now_s: int,
    udp_port: int,
    port_is_busy: bool,
    root: Path = Path("/"),
    ask: Run = run,
) -> Facts:
    """Everything but what needs sockets.

    Args:
        interfaces: those of this machine without the loopback; names, indices and flags.
        profile: the profile's folder, which need not be there; None: one in memory.
        now_s: the wall clock, seconds since 1970.
        port_is_busy: another program holds `udp_port`: which one is looked for.
        root: where /proc, /sys, /etc and /run are.
        ask: runs a program and gives back what it says.
    """
    return Machine(root=root, ask=ask).facts(
        [*interfaces], profile=profile, now_s=now_s, udp_port=udp_port, port_is_busy=port_is_busy
    )


def open_swaps(root: Path = Path("/")) -> tuple[str, ...]:
    """Where this machine may write memory to a disk without encryption. A few file reads."""
    return Machine(root=root, ask=run).open_swaps()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The files of one machine."""

    root: Path
    ask: Run

    def facts(
        self,
        interfaces: list[InterfaceFacts],
        *,
        profile: Path | None,
        now_s: int,
        udp_port: int,
        port_is_busy: bool,
    ) -> Facts:
        is_root = os.geteuid() == 0
        running = self._running()
        interfaces = [self._interface(interface, running) for interface in interfaces]
        ports = configs.port_range(self.read("proc/sys/net/ipv4/ip_local_port_range"))
        holders = tuple(self._holders(udp_port)) if port_is_busy else ()
        switches = tuple(self._wifi_switches())
        unseen = list(self._unseen(is_root=is_root))
        if port_is_busy and not holders:
            unseen.append(f"which program holds UDP port {udp_port} (root may see it)")
        return Facts(
            is_root=is_root,
            user=os.getuid(),
            installed=frozenset(tool for tool in TOOLS if shutil.which(tool, path=search_path())),
            running=frozenset(running),
            unseen=tuple(unseen),
            interfaces=tuple(interfaces),
            wifi_is_off=any(soft for soft, _ in switches),
            wifi_switch_is_off=any(hard for _, hard in switches),
            udp_port=udp_port,
            tcp_ports=ports or Facts().tcp_ports,
            port_is_busy=port_is_busy,
            port_holders=holders,
            ufw_is_on=configs.setting(self.read("etc/ufw/ufw.conf"), "ENABLED") in configs.YES,
            chains=self._chains(is_root=is_root),
            announcements=tuple(self._announcements(interfaces, running)),
            now_s=now_s,
            earliest_s=BUILT_S,
            latest_s=BUILT_S + AHEAD_OF_BUILD_S,
            hardware_clock_s=self._hardware_clock_s(),
            open_swaps=self.open_swaps(),
            hibernates=self.read("sys/power/resume").strip() not in ("", "0:0"),
            profile=look_at_profile(profile) if profile is not None else ProfileFacts(),
            security_modules=self.read("sys/kernel/security/lsm").strip(),
        )

    def open_swaps(self) -> tuple[str, ...]:
        """Where memory may be written to a disk without encryption."""
        return tuple(sorted(filter(self._is_open, configs.swap_areas(self.read("proc/swaps")))))

    def _unseen(self, *, is_root: bool) -> Iterator[str]:
        if not is_root:
            yield "the rules of a firewall (only root may; a datagram of our own was tried instead)"
        if not self.read("proc/1/comm"):
            yield "which programs of the system run, and so what they tell the network (this system hides it)"

    def read(self, path: str) -> str:
        try:
            with (self.root / path).open(encoding="utf-8", errors="replace") as file:
                return file.read(FILE_MAX_BYTES)
        except (OSError, ValueError):
            return ""

    def _list(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self.root / folder))
        except OSError:
            return []

    def _running(self) -> dict[str, set[int]]:
        """The users of each running program, by its name (15 characters of it)."""
        found: dict[str, set[int]] = {}
        for number in self._processes():
            name = self.read(f"proc/{number}/comm").strip()
            try:
                found.setdefault(name, set()).add((self.root / "proc" / number).stat().st_uid)
            except OSError:
                continue  # it ended while we looked
        return found

    def _processes(self) -> list[str]:
        return [name for name in self._list("proc") if name.isdecimal()][:PROCESSES_MAX]

    # The network

    def _interface(self, interface: InterfaceFacts, running: dict[str, set[int]]) -> InterfaceFacts:
        sys = f"sys/class/net/{interface.name}"
        connection = ""
        if "NetworkManager" in running:
            state = self.read(f"run/NetworkManager/devices/{interface.index}")
            connection = configs.setting(state, "connection-uuid", "device")
        return replace(
            interface,
            is_wifi=(self.root / sys / "phy80211").exists(),
            mac=self.read(f"{sys}/address").strip(),
            connection=connection,
        )

    def _wifi_switches(self) -> Iterator[tuple[bool, bool]]:
        """(off by software, off by a switch) of each radio."""
        for name in self._list("sys/class/rfkill"):
            folder = f"sys/class/rfkill/{name}"
            if self.read(f"{folder}/type").strip() == "wlan":
                soft, hard = (self.read(f"{folder}/{kind}").strip() == "1" for kind in ("soft", "hard"))
                yield soft, hard

    def _chains(self, *, is_root: bool) -> tuple[Chain, ...]:
        if is_root:
            return configs.chains_of_json(self.ask(["nft", "-j", "list", "chains"]))
        return configs.chains_of_file(self.read("etc/nftables.conf"))

    def _udp(self, *ports: int) -> list[tuple[int, int, int]]:
        return [
            row
            for table in ("udp", "udp6")
            for row in configs.sockets_on(self.read(f"proc/self/net/{table}"), ports)
        ]

    def _holders(self, port: int) -> Iterator[tuple[int, str]]:
        """Programs with a socket on this port, of those that we may look into."""
        wanted = {f"socket:[{inode}]" for _, _, inode in self._udp(port)}
        for number in self._processes():
            if any(
                self._leads_to(f"proc/{number}/fd/{fd}", wanted) for fd in self._list(f"proc/{number}/fd")
            ):
                yield int(number), self.read(f"proc/{number}/comm").strip()

    def _leads_to(self, link: str, wanted: set[str]) -> bool:
        try:
            return os.readlink(self.root / link) in wanted
        except OSError:
            return False

    def _announcements(
        self, interfaces: Sequence[InterfaceFacts], running: dict[str, set[int]]
    ) -> Iterator[Announcement]:
        """Whoever tells the network the host name, where there is one."""
        if self.read("proc/sys/kernel/hostname").strip() in NAMELESS:
            return
        asking = self._udp(MDNS, LLMNR)
        avahi = self.read("etc/avahi/avahi-daemon.conf")
        publishing = configs.setting(avahi, "disable-publishing", "publish") not in configs.YES
        if "avahi-daemon" in running and publishing and any(port == MDNS for port, _, _ in asking):
            yield Announcement(by=Announcer.AVAHI)
        if any(user in running.get("systemd-resolve", ()) for _, user, _ in asking):
            yield Announcement(by=Announcer.RESOLVED)
        for interface in interfaces:
            if interface.connection and self._manager_tells(interface.connection):
                yield Announcement(by=Announcer.NETWORK_MANAGER, where=interface.connection)
            if "systemd-network" in running and (file := self._networkd_tells(interface.index)):
                yield Announcement(by=Announcer.NETWORKD, where=file)
        if "dhclient" in running and configs.has_line(
            self.read("etc/dhcp/dhclient.conf"), r"send\s+host-name"
        ):
            yield Announcement(by=Announcer.DHCLIENT)
        if "dhcpcd" in running and configs.has_line(self.read("etc/dhcpcd.conf"), "hostname"):
            yield Announcement(by=Announcer.DHCPCD)

    def _manager_tells(self, connection: str) -> bool:
        """NetworkManager's connections may be read by root only: it is asked."""
        fields = "ipv4.method,ipv4.dhcp-send-hostname"
        words = self.ask(["nmcli", "-g", fields, "connection", "show", "uuid", connection]).split()
        return len(words) == 2 and words[0] == "auto" and words[1] not in configs.NO

    def _networkd_tells(self, index: int) -> str:
        """The .network file by which this interface asks for an address with the host name; or nothing."""
        file = configs.setting_as_written(self.read(f"run/systemd/netif/links/{index}"), "NETWORK_FILE")
        if not file:
            return ""
        name = file.rpartition("/")[2]
        parts = [file.lstrip("/")]
        for folder in (file.lstrip("/") + ".d", f"etc/systemd/network/{name}.d"):
            parts += [f"{folder}/{part}" for part in self._list(folder) if part.endswith(".conf")]
        text = "\n".join(map(self.read, dict.fromkeys(parts)))
        asks = configs.setting(text, "DHCP", "Network") in (*configs.YES, "ipv4")
        tells = configs.setting(text, "SendHostname", "DHCPv4") not in configs.NO
        return file if asks and tells else ""

    # The machine

    def _hardware_clock_s(self) -> int | None:
        text = self.read("sys/class/rtc/rtc0/since_epoch").strip()
        return int(text) if text.isdecimal() and len(text) < 16 else None

    def _is_open(self, area: str) -> bool:
        """Whether this swap area lies on a disk without encryption."""
        if Path(area).name.startswith("zram"):
            return False  # in memory
        device = device_of(self.root / area.lstrip("/"))
        if os.major(device) == 0:  # no block device
            device = device_of(self.root / self._mounted_from(area))
        return not self._is_encrypted(f"sys/dev/block/{os.major(device)}:{os.minor(device)}", LAYERS_MAX)

    def _mounted_from(self, path: str) -> str:
        return configs.source_of(self.read("proc/self/mountinfo"), path).lstrip("/")

    def _is_encrypted(self, device: str, layers: int) -> bool:
        """Whether dm-crypt lies somewhere below this block device."""
        if self.read(f"{device}/dm/uuid").startswith("CRYPT-"):
            return True
        below = self._list(f"{device}/slaves")
        return (
            layers > 0
            and bool(below)
            and all(self._is_encrypted(f"{device}/slaves/{name}", layers - 1) for name in below)
        )


def device_of(path: Path) -> int:
    """The number of this device, or of the one that this file lies on; 0 for what cannot be seen."""
    try:
        about = path.stat()
    except OSError:
        return 0
    return about.st_rdev or about.st_dev


def look_at_profile(folder: Path) -> ProfileFacts:
    """The folder, or where it would be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        disk = os.statvfs(folder)
    except OSError:
        return ProfileFacts(folder=str(folder), is_writable=False)
    mount = folder
    while not os.path.ismount(mount) and mount != mount.parent:
        mount = mount.parent
    return ProfileFacts(
        folder=str(folder),
        mount=str(mount),
        is_read_only=bool(disk.f_flag & os.ST_RDONLY),
        is_writable=os.access(folder, os.W_OK | os.X_OK),
        free_bytes=0 if disk.f_files and not disk.f_favail else disk.f_bavail * disk.f_frsize,
    )

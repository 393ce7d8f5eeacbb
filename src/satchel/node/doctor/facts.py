"""What a look at this machine found. The defaults are those of a machine where nothing is wrong."""

from dataclasses import dataclass, field
from enum import Enum


class Passage(Enum):
    """What became of a datagram of our own, sent to a link and listened for on it."""

    OPEN = "it came back"
    SHUT_INWARD = "a firewall did not let it in again"
    SHUT_OUTWARD = "it was not let out"
    UNKNOWN = "it could not be tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """One address of one interface that carries a link."""

    interface: str
    family: str = "IPv4"
    on_port: Passage = Passage.OPEN  # for Satchel's UDP port
    elsewhere: Passage = Passage.OPEN  # for a port that nobody opened
    answers_leave_by: str | None = None  # the interface; None: by none, or not asked (IPv6)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceFacts:
    """One interface other than the loopback."""

    name: str
    index: int = 0
    is_up: bool = True
    has_carrier: bool = True
    has_multicast: bool = True
    is_tunnel: bool = False
    is_wifi: bool = False
    mac: str = ""  # empty: not known
    connection: str = ""  # NetworkManager's identifier of what is active on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A base chain of nftables."""

    hook: str  # "input" or "output"
    family: str
    table: str
    name: str


class Announcer(Enum):
    """Who tells the network the name of this computer."""

    AVAHI = "avahi (mDNS)"
    RESOLVED = "systemd-resolved (mDNS or LLMNR)"
    NETWORK_MANAGER = "NetworkManager (DHCP)"
    NETWORKD = "systemd-networkd (DHCP)"
    DHCLIENT = "dhclient (DHCP)"
    DHCPCD = "dhcpcd (DHCP)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    by: Announcer
    where: str = ""  # a connection's identifier (NetworkManager), a file (networkd)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFacts:
    """The folder of the profile, or the nearest one above it that is there."""

    folder: str = "/"
    mount: str = "/"  # where its disk is mounted
    is_read_only: bool = False
    is_writable: bool = True
    free_bytes: int = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of this machine."""

    # Whom a command is for.
    is_root: bool = False
    installed: frozenset[str] = frozenset({"sudo"})  # programs that a command may name
    running: frozenset[str] = frozenset()  # names of running programs
    unseen: tuple[str, ...] = ()  # what could not be looked at, and why

    # The network.
    interfaces: tuple[InterfaceFacts, ...] = ()
    links: tuple[LinkFacts, ...] = ()
    internet_by: str | None = None  # the interface of the default route
    wifi_is_off: bool = False  # by software
    wifi_switch_is_off: bool = False  # by a switch or key
    udp_port: int = 61530
    tcp_ports: tuple[int, int] = (32768, 60999)  # where the kernel draws Satchel's from
    port_is_busy: bool = False
    port_holders: tuple[tuple[int, str], ...] = ()  # process and name, as far as they may be seen
    ufw_is_on: bool = False
    chains: tuple[Chain, ...] = ()
    announcements: tuple[Announcement, ...] = ()

    # The machine.
    now_s: int = 0
    earliest_s: int = 0  # between these two a clock is plausible
    latest_s: int = 1 << 40
    hardware_clock_s: int | None = None
    open_swaps: tuple[str, ...] = ()  # without encryption
    can_keep_out_of_swap: bool = True  # what Satchel has in memory
    user: int = 0  # whose limits apply
    hibernates: bool = False  # to one of them
    profile: ProfileFacts = field(default_factory=ProfileFacts)
    can_confine_writes: bool = True
    security_modules: str = ""  # those that the kernel has switched on, with commas between them
    cryptography: str = ""  # what is wrong with it

    @property
    def tunnels(self) -> tuple[str, ...]:
        return tuple(i.name for i in self.interfaces if i.is_tunnel and i.is_up)

    @property
    def wifi(self) -> str | None:
        """The Wi-Fi interface that a hotspot would use."""
        return next((i.name for i in self.interfaces if i.is_wifi), None)

"""The door for guests of one profile: closed, or open in a thread of its own. docs/spec/guests.md, 2."""

import threading
from base64 import b32encode
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from satchel.carriers.lan.addresses import may_dial, pack
from satchel.carriers.lan.interfaces import Survey, survey
from satchel.errors import MisuseError
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.ports.library import Library

if TYPE_CHECKING:
    from satchel.web.guests.reads import Reader
    from satchel.web.guests.serving import Serving

CAPABILITY_BYTES = 16
SECRET_BYTES = 32
OPEN_S = 12 * 3600  # where nobody said otherwise: a door that was forgotten closes by itself
LOOK_EVERY_S = 5.0  # at the networks


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor:
    """As it was opened."""

    port: int
    base: str = field(repr=False)
    lan_open: bool
    ends_s: float | None  # by the clock that also runs asleep; None: when Satchel ends

    def urls(self) -> list[str]:
        """Whole addresses, the one that is typed most easily first; empty: this device is in no network."""
        try:
            return [f"http://{address}:{self.port}{self.base}/" for address in _addresses(survey())]
        except OSError:
            return []

    def first_url(self) -> str | None:
        return next(iter(self.urls()), None)

    def left_s(self) -> float | None:
        return None if self.ends_s is None else max(0.0, self.ends_s - clock.awake_and_asleep_s())


class GuestsDoor:
    """From any thread."""

    def __init__(self, library: Callable[[], Library], reader: Callable[[Executor], "Reader"]) -> None:
        """Both are asked for when the door is opened. They raise SatchelError."""
        self._library = library
        self._reader = reader
        self._turn = threading.Lock()
        self._open: OpenDoor | None = None
        self._serving: Serving | None = None

    @property
    def now(self) -> OpenDoor | None:
        """None: it is closed."""
        with self._turn:
            self._notice_end()
            return self._open

    def open(self, *, lan_open: bool, for_s: float | None) -> OpenDoor:
        """If it is open already, the same again.

        Raises:
            MisuseError: it is open otherwise.
            EnvironmentProblem: it cannot be.
        """
        with self._turn:
            self._notice_end()
            if self._open is None:
                self._open, self._serving = self._begin(lan_open=lan_open, for_s=for_s)
            elif self._open.lan_open != lan_open:
                raise MisuseError(
                    "The door is open already, in the other way.",
                    safe="It stays as it is.",
                    do="Close it first: satchel guests close",
                )
            return self._open

    def close(self) -> bool:
        """False: it was closed. When it returns nobody is connected any more."""
        with self._turn:
            self._notice_end()
            was_open, serving = self._open is not None, self._serving
            self._open = self._serving = None
            if serving is not None:
                serving.stop()
            return was_open

    def told(self) -> dict[str, object] | None:
        """For `status`: no address, by which anybody would get in."""
        now = self.now
        if now is None:
            return None
        left_s = now.left_s()
        return {"lan_open": now.lan_open, "for_s": None if left_s is None else round(left_s)}

    def wait(self, seconds: float) -> bool:
        """Whether it is closed by then."""
        serving = self._serving
        return serving is None or serving.wait(seconds)

    def _notice_end(self) -> None:
        if self._serving is not None and self._serving.has_ended:
            self._open = self._serving = None

    def _begin(self, *, lan_open: bool, for_s: float | None) -> "tuple[OpenDoor, Serving]":
        from satchel.web.guests.crowd import Crowd  # noqa: PLC0415 - most commands open no door
        from satchel.web.guests.door import Door, Opening  # noqa: PLC0415
        from satchel.web.guests.serving import Serving, listen  # noqa: PLC0415

        library = self._library()
        draw = SystemEntropy().draw
        capability = "" if lan_open else f"/{b32encode(draw(CAPABILITY_BYTES)).decode().rstrip('=').lower()}"
        opening = Opening(base=capability, secret=draw(SECRET_BYTES), opened_s=clock.wall_s())
        door = Door(library, opening, reader=self._reader, now_s=clock.wall_s)
        ends_s = None if for_s is None else clock.awake_and_asleep_s() + for_s
        listening = listen()
        opened = OpenDoor(
            port=listening[0].getsockname()[1], base=capability, lan_open=lan_open, ends_s=ends_s
        )
        serving = Serving(
            door,
            listening,
            crowd=Crowd(admits=Networks().admits, now_s=clock.monotonic_s),
            is_over=lambda: opened.left_s() == 0,
        )
        serving.start()
        return opened, serving


class Networks:
    """Whose address is one of the networks that this machine is in. Used from one thread."""

    def __init__(self) -> None:
        self._looked_s = float("-inf")
        self._found: Survey | None = None

    def admits(self, address: str) -> bool:
        """Never one from the Internet, to which an address of IPv6 may lead straight."""
        now_s = clock.monotonic_s()
        if now_s - self._looked_s > LOOK_EVERY_S:
            self._looked_s = now_s
            try:
                self._found = survey()
            except OSError:
                self._found = None
        found = self._found
        networks = [network for place in found.places for network in place.networks] if found else []
        own = found.addresses if found else frozenset()
        try:
            packed = pack(address)
        except ValueError:
            return False
        return packed in own or may_dial(packed, networks)


def _addresses(found: Survey) -> list[str]:
    """IPv4 first. None that needs a zone: no browser takes one in an address."""
    here = [network.ip for place in found.places if not place.is_loopback for network in place.networks]
    usable = [ip for ip in dict.fromkeys(here) if ip.version == 4 or not ip.is_link_local]
    usable.sort(key=lambda ip: (ip.version, not ip.is_private))
    return [str(ip) if isinstance(ip, IPv4Address) else f"[{ip}]" for ip in usable]

"""One address of one interface while it is up: its voice, ears and doors, closed together."""

import socket
from collections.abc import Callable

from satchel.carriers.lan.addresses import pack_ip
from satchel.carriers.lan.interfaces import Place
from satchel.carriers.lan.listener import Listener, Visit
from satchel.carriers.lan.multicast import Ear, Voice, open_group_ear, open_own_ear
from satchel.carriers.lan.pipe import SocketPipe
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports import DATAGRAM_BYTES, Address, Arrived, Endpoint, Heard, Surroundings

IPV4_IN_BITS = 96  # of an IPv4 address that is written as 16 bytes
MAC_BYTES = 6


class LanLink:
    """The Link of ports/. What happens on it is given to `on_event`, until it is closed."""

    def __init__(
        self,
        place: Place,
        *,
        listening: bool,
        whispers: bool,
        draw: Callable[[int], bytes],
        now_s: Callable[[], float],
        is_own: Callable[[Endpoint], bool],
        on_event: Callable[[Heard | Arrived], None],
        on_taken: Callable[[SocketPipe], None],
        port: int = 0,
    ) -> None:
        """Opens all sockets. `port`: a fixed one to listen on, or 0.

        Raises OSError, and leaves none open, when the address cannot be used (yet).
        """
        self.place = place
        self.interface = place.interface
        self.index = place.index
        self.address = place.address
        self.port = 0
        self._fixed_port = port
        self.gateway_mac: str | None = None  # kept up to date by who looks at the interfaces
        self._draw, self._now_s = draw, now_s
        self._is_own, self._on_event, self._on_taken = is_own, on_event, on_taken
        self._listeners: dict[int, Listener] = {}
        self._ears: list[Ear] = []
        self._voice = Voice(place)
        try:
            self._ears.append(self._listen_to(open_group_ear(place)))
            if whispers:
                self._ears.append(self._listen_to(open_own_ear(place)))
            if listening:
                self._open_door()
        except OSError:
            self.close()
            raise

    @property
    def surroundings(self) -> Surroundings | None:
        """Which network this is, as far as its router tells."""
        try:
            mac = bytes.fromhex((self.gateway_mac or "").replace(":", ""))
        except ValueError:
            return None
        if len(mac) != MAC_BYTES:
            return None
        network = self.place.networks[0].network
        more_bits = IPV4_IN_BITS if network.version == 4 else 0
        return Surroundings(
            gateway_mac=mac,
            subnet=pack_ip(network.network_address),
            prefix_bits=network.prefixlen + more_bits,
        )

    def speaks_from(self, source: Endpoint) -> bool:
        """Whether this link's own voice sent a datagram with this source."""
        ours = self._voice.endpoint
        return (source.address, source.port) == (ours.address, ours.port)

    def shout(self, datagram: bytes) -> None:
        if len(datagram) != DATAGRAM_BYTES:
            raise MisuseError(f"a datagram has {DATAGRAM_BYTES} bytes, always")  # a length tells too (W1)
        self._voice.shout(datagram)

    def whisper(self, address: Address, datagram: bytes) -> None:
        if len(datagram) != DATAGRAM_BYTES:
            raise MisuseError(f"a datagram has {DATAGRAM_BYTES} bytes, always")
        self._voice.whisper(address, datagram)

    def open_port(self) -> int:
        """As in ports."""
        if self._fixed_port:
            raise EnvironmentProblem("The port is a fixed one.")
        try:
            return self._open_door()
        except OSError as exc:
            raise EnvironmentProblem("No other port could be opened.") from exc

    def close_port(self, port: int) -> None:
        """As in ports."""
        listener = self._listeners.pop(port, None)
        if listener is not None:
            listener.close()

    def close(self) -> None:
        """No packet leaves after this, and no event is given any more."""
        self._voice.close()
        for ear in self._ears:
            ear.close()
        for listener in self._listeners.values():
            listener.close()

    def _open_door(self) -> int:
        listener = Listener(
            self.place,
            draw=self._draw,
            now_s=self._now_s,
            on_visit=lambda key: self._visited(listener, key),
            on_taken=self._on_taken,
            port=self._fixed_port,
        )
        self._listeners[listener.port] = listener
        self.port = listener.port
        return listener.port

    def _listen_to(self, opened: socket.socket) -> Ear:
        return Ear(self.place, opened, is_own=self._is_own, now_s=self._now_s, on_heard=self._heard)

    def _heard(self, source: Endpoint, datagram: bytes) -> None:
        self._on_event(Heard(link=self, source=source, datagram=datagram))

    def _visited(self, listener: Listener, key: int) -> None:
        visit: Visit = listener.visit(key, self)
        self._on_event(Arrived(arrival=visit))

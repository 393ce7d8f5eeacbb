"""One address of one interface while it is up: its voice, ear and door, opened and closed together."""

from collections.abc import Callable

from satchel.carriers.lan.interfaces import Place
from satchel.carriers.lan.listener import Listener, Visit
from satchel.carriers.lan.multicast import Ear, Voice
from satchel.carriers.lan.pipe import SocketPipe
from satchel.errors import MisuseError
from satchel.ports import DATAGRAM_BYTES, Arrived, Endpoint, Heard


class LanLink:
    """The Link of ports/. What happens on it is given to `on_event`, until it is closed."""

    def __init__(
        self,
        place: Place,
        *,
        listening: bool,
        draw: Callable[[int], bytes],
        now_s: Callable[[], float],
        is_own: Callable[[Endpoint], bool],
        on_event: Callable[[Heard | Arrived], None],
        on_taken: Callable[[SocketPipe], None],
    ) -> None:
        """Opens all sockets. Raises OSError, and leaves none open, when the address cannot be used (yet)."""
        self.place = place
        self.interface = place.interface
        self.address = place.address
        self.port = 0
        self._on_event = on_event
        self._listener: Listener | None = None
        self._voice = Voice(place)
        try:
            self._ear = Ear(place, is_own=is_own, now_s=now_s, on_heard=self._heard)
        except OSError:
            self._voice.close()
            raise
        if not listening:
            return
        try:
            self._listener = Listener(
                place, draw=draw, now_s=now_s, on_visit=self._visited, on_taken=on_taken
            )
        except OSError:
            self._voice.close()
            self._ear.close()
            raise
        self.port = self._listener.port

    def speaks_from(self, source: Endpoint) -> bool:
        """Whether this link's own voice sent a datagram with this source."""
        ours = self._voice.endpoint
        return (source.address, source.port) == (ours.address, ours.port)

    def shout(self, datagram: bytes) -> None:
        if len(datagram) != DATAGRAM_BYTES:
            raise MisuseError(f"a datagram has {DATAGRAM_BYTES} bytes, always")  # a length tells too (W1)
        self._voice.shout(datagram)

    def close(self) -> None:
        """No packet leaves after this, and no event is given any more."""
        self._voice.close()
        self._ear.close()
        if self._listener is not None:
            self._listener.close()

    def _heard(self, source: Endpoint, datagram: bytes) -> None:
        self._on_event(Heard(link=self, source=source, datagram=datagram))

    def _visited(self, key: int) -> None:
        assert self._listener is not None
        visit: Visit = self._listener.visit(key, self)
        self._on_event(Arrived(arrival=visit))

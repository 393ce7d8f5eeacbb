"""A beacon on a link, under a clock of its own."""

import hashlib
from collections.abc import Iterable, Sequence

from satchel.core.discovery.beacon import (
    RANDOM_BYTES,
    Beacon,
    ClosePort,
    Dial,
    Effect,
    Mode,
    OpenPort,
    Recognised,
    Whisper,
)
from satchel.core.discovery.datagram import draw_datagram, recognise_contact
from satchel.core.discovery.hearing import Budget
from satchel.core.discovery.people import People
from satchel.core.discovery.rendezvous import Shout, WakeAt
from satchel.core.identity.clocks import DAY_S, Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import Epochs, begin
from satchel.core.identity.networks import StoredAddress
from satchel.core.identity.spent import Spent
from satchel.core.identity.tags import Mark, Tags

DAY = 20_840
NOW = Reading(time_s=DAY * DAY_S + 9 * 3600, plausible=True)
NO_CLOCK = Reading(time_s=NOW.time_s, plausible=False)
START_S = 1000.0
FIRST_PORT = 5000


def drawn(name: str, count: int) -> bytes:
    return hashlib.shake_256(name.encode()).digest(count)


def ipv4(number: int) -> bytes:
    return bytes(10) + b"\xff\xff\x0a" + number.to_bytes(3, "big")


def contact(number: int) -> ContactId:
    return ContactId(drawn(f"contact {number}", 16))


HERE = ipv4(1)
ONE = contact(1)


def ours(number: int) -> Epochs:
    """What we keep of a contact; `theirs` is what it keeps of us."""
    return begin(
        epoch=DAY - 10, speaking=drawn(f"from us {number}", 32), listening=drawn(f"to us {number}", 32)
    )


def theirs(number: int) -> Epochs:
    kept = ours(number)
    return begin(epoch=kept.agreed, speaking=kept.listening.secret, listening=kept.speaking.secret)


def people(count: int = 1, stored: Iterable[tuple[ContactId, int, bytes]] = ()) -> People:
    known = People(tags=Tags(), spent=Spent(stored))
    for number in range(1, count + 1):
        known.put(contact(number), ours(number))
    return known


def from_them(
    number: int,
    source: bytes,
    *,
    name: str = "",
    port: int = 4000,
    reading: Reading = NOW,
    hourless: bool = False,
) -> bytes:
    """What a contact shouts at `source`; another nonce for another name."""
    tags = Tags()
    tags.put(ONE, theirs(number))
    mark = tags.spoken(ONE, reading, hourless=hourless)
    return draw_datagram(
        [mark] if mark else [],
        nonce=drawn(f"{number} {name} nonce", 16),
        port=port,
        source=source,
        fill=drawn(f"{name} fill", 512),
        places=drawn(f"{name} places", 256),
    )


def noise(name: object) -> bytes:
    """What a stranger shouts."""
    return drawn(f"noise {name}", 16) + b"\x20\x00" + drawn(f"fill {name}", 512)


def shouts(effects: Sequence[Effect]) -> list[bytes]:
    return [effect.datagram for effect in effects if isinstance(effect, Shout)]


def whispers(effects: Sequence[Effect]) -> list[bytes]:
    return [effect.address for effect in effects if isinstance(effect, Whisper)]


def dials(effects: Sequence[Effect]) -> list[Dial]:
    return [effect for effect in effects if isinstance(effect, Dial)]


def recognised(effects: Sequence[Effect]) -> list[Recognised]:
    return [effect for effect in effects if isinstance(effect, Recognised)]


def marks_in(datagram: bytes, count: int = 1, *, source: bytes = HERE) -> list[Mark]:
    """Which of our contacts recognise it, and by what."""
    found = []
    for number in range(1, count + 1):
        tags = Tags()
        tags.put(contact(number), theirs(number))
        mark = recognise_contact(datagram, source, tags.near(NOW))
        if mark is not None:
            found.append(mark)
    return found


class Driver:
    """Wakes a beacon as asked, opens ports, and writes down all that it did."""

    def __init__(
        self,
        known: People,
        *,
        mode: Mode = Mode.OPEN,
        seed: str = "",
        reading: Reading = NOW,
        opens_ports: bool = True,
        network: bytes | None = None,
        source: bytes = HERE,
        macs_per_s: float = 1e6,
    ) -> None:
        self.known = known
        self.reading = reading
        self.now_s = START_S
        self.sent: list[tuple[float, bytes]] = []
        self.whispered: list[tuple[float, bytes]] = []
        self.closed: list[tuple[float, int]] = []
        self.dialled: list[tuple[float, Dial]] = []
        self.wishes_for_a_port = 0
        self._seed = seed
        self._opens_ports = opens_ports
        self._port = FIRST_PORT
        self._draws = 0
        self._wake_at_s = float("inf")
        budget = Budget(macs_per_s=macs_per_s)
        self.machine = Beacon(people=known, budget=budget, source=source, network=network)
        self._take(
            self.machine.start(mode, port=FIRST_PORT, reading=reading, now_s=self.now_s, chance=self.chance())
        )

    def chance(self) -> bytes:
        self._draws += 1
        return drawn(f"{self._seed} {self._draws}", RANDOM_BYTES)

    def run(self, seconds: float) -> "Driver":
        until_s = self.now_s + seconds
        while self._wake_at_s <= until_s:
            self.now_s, self._wake_at_s = max(self.now_s, self._wake_at_s), float("inf")
            self._take(self.machine.wake(reading=self.reading, now_s=self.now_s, chance=self.chance()))
        self.now_s = until_s
        return self

    def hear(self, datagram: bytes, source: bytes) -> list[Effect]:
        return self._take(self.machine.hear(datagram, source, reading=self.reading, now_s=self.now_s))

    def set_mode(self, mode: Mode) -> list[Effect]:
        return self._take(
            self.machine.set_mode(mode, reading=self.reading, now_s=self.now_s, chance=self.chance())
        )

    def renew(self) -> list[Effect]:
        return self._take(self.machine.renew(reading=self.reading, now_s=self.now_s, chance=self.chance()))

    def meet(self, *stored: StoredAddress) -> list[Effect]:
        return self._take(
            self.machine.meet(stored, reading=self.reading, now_s=self.now_s, chance=self.chance())
        )

    def mail(self, whom: ContactId) -> list[Effect]:
        self.known.set_mail(whom, waits=True)
        return self._take(self.machine.mail_came(whom, self.now_s))

    def nonces(self) -> dict[bytes, list[float]]:
        """When each was sent."""
        found: dict[bytes, list[float]] = {}
        for at_s, datagram in self.sent:
            found.setdefault(datagram[:16], []).append(at_s)
        return found

    def _take(self, effects: list[Effect]) -> list[Effect]:
        self.sent += [(self.now_s, datagram) for datagram in shouts(effects)]
        self.whispered += [(self.now_s, address) for address in whispers(effects)]
        self.dialled += [(self.now_s, dial) for dial in dials(effects)]
        for effect in effects:
            if isinstance(effect, WakeAt):
                self._wake_at_s = effect.at_s
            elif isinstance(effect, ClosePort):
                self.closed.append((self.now_s, effect.port))
        if OpenPort() in effects:
            self.wishes_for_a_port += 1
            if self._opens_ports:
                self._port += 1
                more = self.machine.opened(
                    self._port, reading=self.reading, now_s=self.now_s, chance=self.chance()
                )
                return effects + self._take(more)
        return effects

"""A key and a tag for each bundle of one direction of a pair, from a secret that goes on and never back (W4).

Here is who writes; `listening` is who opens. Never draws, stores or counts time. Spec: docs/spec/chain.md.
"""

from dataclasses import dataclass, field, replace

from satchel.core.bundles.header import TAG_BYTES
from satchel.core.crypto.kdf import derive
from satchel.errors import MisuseError, PeerError

SECRET_BYTES = 32
KEY_BYTES = 32
NUMBER_FIRST = 1
NUMBER_MAX = (1 << 32) - 1
ABOVE_KNOWN_MAX = 1000  # how far who writes goes above what it knows opened
JUMP = 1000  # of a restored profile
ABOVE_ALL_MAX = 3000  # with all jumps: the window of who opens reaches further
CATCH_UP_MAX = 65_536  # numbers that a contact's word can make us go on (M3)
_LABEL = b"satchel letter 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Seals one bundle, or opens it; then it is erased."""

    number: int
    tag: bytes  # 16 bytes, in clear on the bundle
    key: bytes = field(repr=False)  # 32 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a chain stands: everything from `number` on follows from `secret`, and nothing of before."""

    number: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES or not NUMBER_FIRST <= self.number <= NUMBER_MAX:
            raise MisuseError(f"a chain has {SECRET_BYTES} bytes, and numbers from 1 to {NUMBER_MAX}")

    def step(self) -> tuple[Entry, "Place"]:
        """The entry of this number, and the place behind it [2.2]."""
        out = derive(self.secret, _LABEL, length=SECRET_BYTES + TAG_BYTES + KEY_BYTES)
        tag, key = out[SECRET_BYTES:-KEY_BYTES], out[-KEY_BYTES:]
        following = Place(number=self.number + 1, secret=out[:SECRET_BYTES])
        return Entry(number=self.number, tag=tag, key=key), following

    def tags(self, end: int) -> tuple[list[bytes], "Place"]:
        """Those of all numbers below `end`, for tables, and the place there; 6 microseconds each."""
        tags, secret, end = [], self.secret, min(end, NUMBER_MAX)
        for _ in range(self.number, end):
            out = derive(secret, _LABEL, length=SECRET_BYTES + TAG_BYTES)
            secret = out[:SECRET_BYTES]
            tags.append(out[SECRET_BYTES:])
        return tags, Place(number=max(self.number, end), secret=secret)

    def at(self, number: int) -> "Place":
        """The same chain further on; 4 microseconds for each number."""
        if number < self.number:
            raise MisuseError("a chain does not go back")
        secret = self.secret
        for _ in range(self.number, number):
            secret = derive(secret, _LABEL)
        return Place(number=number, secret=secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """What who writes keeps for a contact. To be stored in the transaction that stores the bundle, before it
    is shown to anybody: a number that is used twice is a tag that is seen twice."""

    place: Place  # of the next bundle
    known: int = 0  # the highest number that the contact is known to have opened
    jumped: int = 0  # the highest that was left out because this profile went back

    @classmethod
    def begin(cls, root: bytes) -> "Speaking":
        """`root`: 32 bytes, from pairing. To be erased when this is stored."""
        return cls(place=Place(number=NUMBER_FIRST, secret=root))

    @property
    def room(self) -> int:
        """How many bundles may be sealed now; what is beyond waits as *kept* [3.2]."""
        end = min(max(self.known, self.jumped) + ABOVE_KNOWN_MAX, self.known + ABOVE_ALL_MAX, NUMBER_MAX - 1)
        return max(0, end + 1 - self.place.number)

    def take(self) -> tuple[Entry, "Speaking"]:
        """The entry for the next bundle, and what to store in place of this. Raises MisuseError: no room."""
        if not self.room:
            raise MisuseError("the contact has not opened enough for another bundle")
        entry, place = self.place.step()
        return entry, replace(self, place=place)

    def opened(self, number: int) -> "Speaking":
        """A receipt has come for that number of ours [3.3]."""
        return replace(self, known=max(self.known, number))

    def told(self, highest: int) -> "Speaking":
        """The contact said in a session which of our numbers is the highest that it has opened, or 0.

        More than we have written: this profile went back, and what it has forgotten is still under way, up
        to 1,000 numbers above; they are left out [3.5].

        Raises:
            PeerError: further than a forgotten past can be.
        """
        if highest < self.place.number:
            return self.opened(highest)
        if highest - self.place.number >= CATCH_UP_MAX or highest + JUMP >= NUMBER_MAX:
            raise PeerError(f"chain 3.5: {highest} opened, {self.place.number - 1} written")
        place = self.place.at(highest + JUMP + 1)
        return Speaking(place=place, known=highest, jumped=place.number - 1)

    def restored(self) -> "Speaking":
        """This profile was made from a copy: numbers that its original may have used are left out [3.4].
        To be done for each contact before it writes anything."""
        place = self.place.at(min(self.place.number + JUMP, NUMBER_MAX))
        return replace(self, place=place, jumped=place.number - 1)

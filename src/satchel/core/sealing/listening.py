"""What who opens keeps of a chain: what can still come, and nothing of what was opened (W4, T2).

One secret stands for all numbers above the highest opened one, since none of these was opened; what was
passed over is kept as entries of its own. Stores nothing: a `Change` is what to store and to erase, as one.
Spec: docs/spec/chain.md, section 4; why not 3,072 entries: docs/decisions/0200.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from satchel.core.identity.clocks import DAY_S, Reading
from satchel.core.sealing.chain import CATCH_UP_MAX, NUMBER_FIRST, NUMBER_MAX, Entry, Place
from satchel.errors import MisuseError, PeerError

WINDOW = 3072  # numbers above the highest opened one that are recognised
SKIPPED_MAX = 4096
SKIPPED_LASTS_S = 36 * DAY_S
ABOVE_NEXT_MIN = 1000  # of the window, above the next number that the contact writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Numbers that were passed over at one moment, and have not come since. Their entries are stored."""

    numbers: range
    since: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a store does in one transaction, with the letter that was opened: all of it or nothing."""

    listening: "Listening"  # takes the place of the one before; its old secret must be gone for good
    added: tuple[Entry, ...] = ()  # passed over just now: their secret is gone
    erased: tuple[range, ...] = ()  # numbers of stored entries to erase for good, as far as they are there


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What who opens keeps for a contact, besides the entries that were passed over."""

    place: Place  # behind the highest number that was opened
    skipped: tuple[Skipped, ...] = ()  # in the order of their numbers

    @classmethod
    def begin(cls, root: bytes) -> "Listening":
        """`root`: 32 bytes, from pairing. To be erased when this is stored."""
        return cls(place=Place(number=NUMBER_FIRST, secret=root))

    @property
    def highest(self) -> int:
        """The highest number that was opened, or 0: what the contact is told in a session."""
        return self.place.number - 1

    def awaits(self, number: int) -> bool:
        """Whether a letter of that number would open."""
        ahead = number - self.place.number
        return 0 <= ahead < WINDOW if ahead >= 0 else any(number in one.numbers for one in self.skipped)

    def entry(self, number: int) -> Entry:
        """Of a number above the highest opened one; others are stored. Raises MisuseError: outside of it."""
        if not 0 <= number - self.place.number < WINDOW:
            raise MisuseError(f"{number} is not in the window")
        return self.place.at(number).step()[0]

    def opened(self, number: int, now: Reading) -> Change:
        """A bundle of that number **has opened**; never for one whose tag matched and that did not (C2).

        Raises MisuseError: nothing is kept for this number, so nothing can have opened.
        """
        if not self.awaits(number):
            raise MisuseError(f"{number} is not awaited")
        if number >= self.place.number:
            return self._pass(number - 1, opened=number, now=now)
        skipped = tuple(part for one in self.skipped for part in _without(one, number))
        return Change(listening=replace(self, skipped=skipped), erased=(range(number, number + 1),))

    def reach(self, following: int, now: Reading) -> Change | None:
        """The contact said in a session which number it writes next. None: the window reaches it [4.6].

        Else this profile went back, and would never open anything any more.

        Raises:
            PeerError: further than a forgotten past can be.
        """
        if following + ABOVE_NEXT_MIN <= self.place.number + WINDOW:
            return None
        if following - self.place.number > CATCH_UP_MAX or following > NUMBER_MAX:
            raise PeerError(f"chain 4.6: {following} comes next, {self.highest} opened")
        return self._pass(following - 1, opened=None, now=now)

    def settle(self, now: Reading) -> Change | None:
        """Erase what was passed over more than 36 days ago [4.5]. None: nothing is to be done.

        An age is a difference of two plausible times, or of two that count hours of running; where the clock
        became plausible in between, or went back, it begins anew.
        """
        kept: list[Skipped] = []
        erased: list[range] = []
        for one in self.skipped:
            age_s = now.time_s - one.since.time_s
            if now.plausible and (age_s < 0 or not one.since.plausible):
                kept.append(replace(one, since=now))
            elif age_s > SKIPPED_LASTS_S:
                erased.append(one.numbers)
            else:
                kept.append(one)
        if tuple(kept) == self.skipped:
            return None
        return Change(listening=replace(self, skipped=tuple(kept)), erased=tuple(erased))

    def _pass(self, last: int, *, opened: int | None, now: Reading) -> Change:
        """On to behind `last`, and behind what was opened there."""
        place = self.place.at(max(self.place.number, last + 1 - SKIPPED_MAX))
        first = place.number
        added = []
        while place.number <= last:
            entry, place = place.step()
            added.append(entry)
        if opened is not None:
            place = place.at(opened + 1)
        passed = [Skipped(numbers=range(first, last + 1), since=now)] if added else []
        skipped, erased = _newest((*self.skipped, *passed))
        return Change(listening=Listening(place=place, skipped=skipped), added=tuple(added), erased=erased)


def _without(one: Skipped, number: int) -> Iterable[Skipped]:
    if number not in one.numbers:
        return (one,)
    numbers = one.numbers
    parts = (range(numbers.start, number), range(number + 1, numbers.stop))
    return (replace(one, numbers=part) for part in parts if part)


def _newest(skipped: tuple[Skipped, ...]) -> tuple[tuple[Skipped, ...], tuple[range, ...]]:
    """At most SKIPPED_MAX numbers, the highest; and which are to be erased."""
    surplus = sum(len(one.numbers) for one in skipped) - SKIPPED_MAX
    kept: list[Skipped] = []
    erased: list[range] = []
    for one in skipped:
        gone = min(max(surplus, 0), len(one.numbers))
        surplus -= gone
        if gone:
            erased.append(one.numbers[:gone])
        if gone < len(one.numbers):
            kept.append(replace(one, numbers=one.numbers[gone:]))
    return tuple(kept), tuple(erased)

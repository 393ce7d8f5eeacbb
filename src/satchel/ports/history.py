"""What was handed over, for who wants to look back. Kept only while the person has switched it on."""

from dataclasses import dataclass
from typing import Protocol

from satchel.core.identity.contacts import ContactId

PAST_MAX = 1000
PAST_NAMES_MAX = 20  # of one hand-over
PAST_NAME_BYTES_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One hand-over that came to its end."""

    when_s: int | None  # wall clock, seconds since 1970; None: it could not be right
    giving: bool
    contact: ContactId | None  # None: by code
    names: tuple[bytes, ...] = ()  # what stood at the top of it: PAST_NAMES_MAX at most, none with a slash
    files: int = 0  # that were wanted
    size_bytes: int = 0
    has_text: bool = False  # a text came with it, or alone; what it said is not kept


class History(Protocol):
    """Durable when a call returns; what is erased is overwritten (T2)."""

    def add(self, past: Past) -> None:
        """Nothing is written where it is switched off, or the contact was forgotten. Raises
        EnvironmentProblem."""
        ...

    def all(self) -> list[Past]:
        """The newest first."""
        ...

    def clear(self) -> int:
        """Erase it; how many there were."""
        ...

"""What is told while books are put in, or looked after. None of it is written down anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, field

from satchel.ports.library import BookNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """So much was read so far."""

    bytes_done: int
    bytes_of: int
    files_done: int
    files_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PutIn:
    number: BookNumber
    name: str = field(repr=False)  # the path it had
    title: str = field(repr=False)
    is_new: bool  # False: the same content was there


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    name: str = field(repr=False)
    what: str = field(repr=False)
    do: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What was missing in the index of this book is there again."""

    number: BookNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    number: BookNumber
    what: str = field(repr=False)


Event = Read | PutIn | SetAside | Indexed | Damaged
Report = Callable[[Event], None]


@dataclass(slots=True)
class Outcome:
    """How it ended."""

    new: int = 0
    known: int = 0
    aside: int = 0

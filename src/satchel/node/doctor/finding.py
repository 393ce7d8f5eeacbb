"""One thing that was found, in the three sentences of all our errors, and the command that mends it."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a finding is for; the value is what a person reads above those of this kind."""

    MEETING = "Devices may not find each other:"
    MACHINE = "Something is wrong with this computer:"
    SAFETY = "You may be less safe than you think:"
    HINT = "This is no fault, and worth knowing:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    name: str  # for scripts: fixed, one word for each cause
    kind: Kind
    what: str  # happened
    safe: str  # what is safe
    do: str
    command: str = ""  # one on each line; may be empty

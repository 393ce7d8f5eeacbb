"""What a person has set for their Satchel, and how it is written down. Spec: docs/spec/profile.md, 9."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from satchel.core.identity.comparison import Language
from satchel.errors import MisuseError

ON, OFF = "on", "off"
CARRY_BYTES = 500_000_000
CARRY_DIGITS_MAX = 13
CARRY_BYTES_MIN, CARRY_BYTES_MAX = 50_000_000, 1_000_000_000_000


class Accept(Enum):
    """Of contacts for whom nothing else was said; the value is what a person types."""

    ASK = "ask"
    VERIFIED = "verified"
    NONE = "none"


class Setting(Enum):
    """The value is its name, for people and on the disk."""

    LANGUAGE = "language"
    QUIET = "quiet"
    ACCEPT = "accept"
    INTO = "into"
    HISTORY = "history"
    CARRY = "carry"


CHOICES: Mapping[Setting, tuple[str, ...]] = {  # of folders and sizes there is no list
    Setting.LANGUAGE: tuple(language.value for language in Language),
    Setting.QUIET: (ON, OFF),
    Setting.ACCEPT: tuple(accept.value for accept in Accept),
    Setting.HISTORY: (ON, OFF),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What counts where nothing is stored is written here."""

    language: Language | None = None  # of the page; None: as the browser asks
    quiet: bool = False  # does not announce this device
    accept: Accept = Accept.ASK
    into: bytes | None = None  # where what arrives goes, from the root on; None: the downloads folder
    history: bool = False  # whether there is one
    carry_bytes: int = CARRY_BYTES  # how much room letters of others have here


def settings_of(stored: Mapping[str, bytes]) -> Settings:
    """What is stored, by name. A name of a newer program means nothing here; a value that is not known counts
    as the careful one: quiet, a question, no history [9.3]."""
    text = {setting: stored.get(setting.value, b"").decode("utf-8", "replace") for setting in CHOICES}
    language, accept = text[Setting.LANGUAGE], text[Setting.ACCEPT]
    into, carry = stored.get(Setting.INTO.value, b""), stored.get(Setting.CARRY.value, b"")
    return Settings(
        language=Language(language) if language in CHOICES[Setting.LANGUAGE] else None,
        quiet=text[Setting.QUIET] not in ("", OFF),
        accept=Accept(accept) if accept in CHOICES[Setting.ACCEPT] else Accept.ASK,
        into=into if into.startswith(b"/") else None,
        history=text[Setting.HISTORY] == ON,
        carry_bytes=_carry_bytes(carry),
    )


def _carry_bytes(stored: bytes) -> int:
    """Decimal digits. What cannot be is as nothing."""
    is_number = len(stored) <= CARRY_DIGITS_MAX and stored.isdigit()
    return int(stored) if is_number and may_carry(int(stored)) else CARRY_BYTES


def may_carry(size_bytes: int) -> bool:
    """Whether that much can be set: less would hardly help anybody, and own letters would stand out (C1)."""
    return CARRY_BYTES_MIN <= size_bytes <= CARRY_BYTES_MAX


def choice_of(setting: Setting, typed: str) -> bytes:
    """What is stored for it, of one that has a list. Raises MisuseError: it is not in it."""
    choices = CHOICES[setting]
    if typed not in choices:
        raise MisuseError(
            f"The setting {setting.value} has no such value.",
            safe="Nothing was changed.",
            do=f"One of these: {', '.join(choices)}",
        )
    return typed.encode()

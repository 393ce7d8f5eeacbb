"""Letters of one contact, as a page shows them. Pure: events of a job in, what is shown out (cli 4)."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from satchel.escape import show_name

# How long others may carry a letter; the last one unless another is chosen.
LIFETIMES_DAYS = (1, 3, 7, 14, 28)
PREVIEW_CHARACTERS_MAX = 80
MOMENT_MAX_S = 253_402_214_400  # the last day of 9999, in any zone: the clock of a contact may say anything
_UNSAVED = str.maketrans('\\/:*?"<>|', "_________")  # what some systems take for more than a name
Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What came with a letter, or goes with it."""

    name: str
    size_bytes: int
    is_here: bool  # False: a backup has left it out


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The letter that another one answers."""

    handle: str
    first_words: str  # empty: it is not on this page


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A letter."""

    id: str
    handle: str
    is_own: bool
    text: str | None  # None: a backup has left it out
    is_cut: bool  # there is more of the text
    written_s: int | None
    files: tuple[File, ...]
    answers: Answered | None
    state: str = ""  # of an own one
    carriers: int = 0
    expires_s: int | None = None

    @property
    def first_words(self) -> str:
        """Of its text, else of its files; on one line, as others wrote it."""
        words = (self.text or "").strip().partition("\n")[0]
        if not words and self.files:
            words = self.files[0].name
        return words if len(words) <= PREVIEW_CHARACTERS_MAX else f"{words[:PREVIEW_CHARACTERS_MAX]} …"


def shown_of(said: Sequence[Event], handle_of: Callable[[str], str]) -> list[Shown]:
    """The newest first. `handle_of`: of an id."""
    events = [event for event in said if event["event"] in ("letter", "own_letter")]
    known = {event["id"]: _shown(event, handle_of, {}) for event in events}
    return [_shown(event, handle_of, known) for event in reversed(events)]


def _shown(event: Event, handle_of: Callable[[str], str], known: dict[str, Shown]) -> Shown:
    answered = event["reply_to"]
    return Shown(
        id=event["id"],
        handle=handle_of(event["id"]),
        is_own=event["event"] == "own_letter",
        text=event["text"],
        is_cut=bool(event.get("cut")),
        written_s=_moment(event["written_s"]),
        files=tuple(
            File(name=file["name"], size_bytes=file["size"], is_here=file["here"]) for file in event["files"]
        ),
        answers=None
        if answered is None
        else Answered(
            handle=handle_of(answered),
            first_words=known[answered].first_words if answered in known else "",
        ),
        state=event.get("state", ""),
        carriers=event.get("carriers", 0),
        expires_s=_moment(event.get("expires_s")),
    )


def _moment(when_s: int | None) -> int | None:
    """None: no clock that can be right."""
    return when_s if when_s is not None and 0 <= when_s < MOMENT_MAX_S else None


def saved_as(name: str) -> str:
    """What a browser is told to call a file: one name, which drives nothing and hides nothing (M4)."""
    shown = show_name(os.fsencode(name)).translate(_UNSAVED)
    return f"_{shown[1:]}" if shown.startswith(".") else shown

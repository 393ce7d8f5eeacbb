"""What moves between contacts, and what waits or was broken off, as rows of a page. Pure.

The list (`queue list`) knows what there is, movements how far it is at this moment.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from satchel.core.crypto.kdf import digest
from satchel.web.owner.movements import Movement

NAMES_SHOWN = 3
Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What `queue list` says [cli 4]."""

    queued: Sequence[Event] = ()
    coming: Sequence[Event] = ()  # from contacts
    broken_off: dict[str, list[Event]] = field(default_factory=dict)  # by code and direction, not under way

    @classmethod
    def of(cls, said: Iterable[Event], *, busy: Iterable[str]) -> "Listed":
        """`busy`: directions in which something with a code is under way."""
        every = [_with_few_names(event) for event in said if event["event"] in ("queued", "unfinished")]
        unfinished = [event for event in every if event["event"] == "unfinished"]
        broken_off: dict[str, list[Event]] = {}
        for event in unfinished:
            if event["contact"] is None and event["direction"] not in busy:
                broken_off.setdefault(event["direction"], []).append(event)
        return cls(
            queued=[event for event in every if event["event"] == "queued"],
            coming=[event for event in unfinished if event["contact"] is not None],
            broken_off=broken_off,
        )

    def coming_from(self, contact: str | None, handovers: Container[object]) -> Event | None:
        """One of these. Two contacts may call theirs the same (M1): only then does the name decide, which may
        have changed since."""
        found = [event for event in self.coming if event["handover"] in handovers]
        if len(found) > 1:
            found = [event for event in found if event["contact"] == contact]
        return next(iter(found), None)


@dataclass(frozen=True, slots=True)
class Row:
    """Something that goes to a contact or comes from one."""

    key: str  # the same as long as it is the same thing
    now: Movement
    listed: Event | None  # None: it is over, or so new that it is not in the list

    @property
    def names(self) -> Sequence[str]:
        return self.now.names[:NAMES_SHOWN] if self.listed is None else self.listed["names"]

    @property
    def has_text(self) -> bool:
        return self.now.has_text if self.listed is None else bool(self.listed.get("text"))

    @property
    def more(self) -> int:
        return max(0, len(self.now.names) - NAMES_SHOWN) if self.listed is None else self.listed["more"]


def rows_of(movements: Sequence[Movement], listed: Listed) -> tuple[list[Row], list[Event]]:
    """What moves, is over or was broken off, the latest first; and what only waits for a contact.

    `movements`: not older than the list.
    """
    rows, shown = [], set()
    for movement in movements:
        known = _listed(movement, listed)
        if known is not None:
            shown.add(known["id"])
        if known is not None or not movement.is_giving or movement.is_done:  # else it was taken back
            rows.append(Row(_key(movement), movement, known))
    for event in listed.coming:  # since before this Satchel was started
        if event["id"] not in shown:
            broken = Movement(
                contact=event["contact"],
                is_verified=event["verified"],
                is_giving=False,
                handover=event["handover"],
                is_lost=True,
            )
            rows.append(Row(_key(broken), broken, event))
    return rows, [event for event in listed.queued if event["id"] not in shown]


def _listed(movement: Movement, listed: Listed) -> Event | None:
    if movement.is_giving:
        return next((event for event in listed.queued if event["id"] == movement.handover), None)
    return listed.coming_from(movement.contact, (movement.handover,))


def _key(movement: Movement) -> str:
    """Two contacts may call theirs the same (M1), and no element of a page is called as another one."""
    whose = digest(movement.contact.encode("utf-8", "surrogateescape"))[:8].hex()
    return f"{'to' if movement.is_giving else 'from'}-{whose}-{movement.handover}"


def _with_few_names(event: Event) -> Event:
    names, more = event["names"], event.get("more", 0)
    return {**event, "names": names[:NAMES_SHOWN], "more": more + max(0, len(names) - NAMES_SHOWN)}

"""The two people of a hand-over in one process."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from node.pretend_lan import PretendLan
from satchel.core.handover.messages import as_entry
from satchel.node import events
from satchel.node.entries import receiver_record, sender_record
from satchel.node.entropy import SystemEntropy
from satchel.node.giving import Giver
from satchel.node.taking import Taker
from satchel.ports import Endpoint, HandoverId, Landing, RecordHead, Role
from satchel.store.landing import FolderLanding
from satchel.store.source import FileSource, survey
from store.record_samples import open_records

LIMIT_S = 30.0


@dataclass
class Side:
    """One person's profile and what they were told."""

    home: Path
    told: list[events.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records = open_records(self.home / "profile")
        self.into = self.home / "into"

    def taker(
        self,
        lan: PretendLan,
        *,
        at: Endpoint | None = None,
        decide: Callable[[events.OfferShown], frozenset[int] | None] | None = None,
        reopen: Callable[[HandoverId, bytes], Landing] | None = None,
    ) -> Taker:
        return Taker(
            lan=lan,
            entropy=SystemEntropy(),
            records=self.records,
            reopen=reopen or (lambda id, into: FolderLanding.reopen(into, id)),
            aes=True,
            decide=decide or (lambda offer: frozenset(range(len(offer.entries)))),
            report=self.told.append,
            at=at,
        )

    def giver(self, lan: PretendLan, report: events.Report | None = None) -> Giver:
        return Giver(
            lan=lan,
            entropy=SystemEntropy(),
            records=self.records,
            source=FileSource(),
            aes=True,
            show_address=lambda link: "here",
            report=report or self.told.append,
        )

    def begun(
        self, role: Role, number: int, source: Path | None = None, *, finished: bool = False
    ) -> RecordHead:
        """A record as an earlier run left it, and its folder."""
        head = RecordHead(
            id=HandoverId(bytes([number]) * 16),
            role=role,
            secret=bytes([number]) * 32,
            older_secret=None,
            into=os.fsencode(self.into) if role is Role.RECEIVER else b"",
            finished=finished,
        )
        offered = survey([os.fsencode(source)]).entries if source is not None else []
        if role is Role.SENDER:
            self.records.create(head, [sender_record(n, e, accepted=True) for n, e in enumerate(offered)])
        else:
            FolderLanding.open(self.into, head.id).close(remove=False)
            entries = [as_entry(entry) for entry in offered]
            self.records.create(head, [receiver_record(n, e, accepted=True) for n, e in enumerate(entries)])
        return head

    def left(self) -> int:
        return len(self.records.unfinished(Role.SENDER)) + len(self.records.unfinished(Role.RECEIVER))

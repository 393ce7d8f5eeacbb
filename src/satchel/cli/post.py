"""The post office of an open profile, and what it stands on: one for all that runs with that profile."""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from satchel.core.crypto.aead import KEY_BYTES
from satchel.core.identity.clocks import BUILT_S
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.settings import CARRY_BYTES
from satchel.core.sealing.letter import LETTER_BYTES_MAX
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.node import clock, events
from satchel.node.entropy import SystemEntropy
from satchel.node.letters.office import PostOffice
from satchel.node.letters.shelf import Carried, carried
from satchel.node.letters.stores import Stores, World
from satchel.node.node_clock import NodeClock
from satchel.problems import disk_problems
from satchel.store.arrivals import SqliteArrivals
from satchel.store.blobs import BlobFolder
from satchel.store.bundles import SqliteBundles
from satchel.store.chains import SqliteChains
from satchel.store.contacts import SqliteContacts
from satchel.store.contents import INLINE_BYTES_MAX, Contents
from satchel.store.custody import NAME as CUSTODY
from satchel.store.custody import custody_in_memory, open_custody
from satchel.store.database import Database
from satchel.store.inventories import SqliteInventories
from satchel.store.letters import SqliteLetters
from satchel.store.sending import SqliteSending
from satchel.store.settings import SqliteSettings

LEFT_FREE_BYTES = 256 << 20  # of the disk
SHARE = 4  # of one contact's letters, to what is left for all others (M3)
SPACE_BYTES = 2 * CARRY_BYTES  # for bundles, where no more than half of it is set for others (custody 2.3)


class Post:
    """From any thread. What is not asked for is not opened: who reads a letter loads nothing of that."""

    def __init__(
        self, home: Path | None, database: Database, contacts: SqliteContacts, settings: SqliteSettings
    ) -> None:
        """home: None: it is all in memory."""
        self._home = home
        self._settings = settings
        self._database = database
        self._contacts = contacts
        self._draw = SystemEntropy().draw
        self._opening = threading.Lock()
        self._office: PostOffice | None = None
        self._listeners: list[events.Report] = []

    @cached_property
    def clock(self) -> NodeClock:
        return NodeClock(self._contacts, build_s=BUILT_S)

    @cached_property
    def letters(self) -> SqliteLetters:
        return SqliteLetters(self._database, self._contents)

    @cached_property
    def _arrivals(self) -> SqliteArrivals:
        return SqliteArrivals(self._database, self._contents)

    @cached_property
    def bundles(self) -> SqliteBundles:
        return SqliteBundles(self._database, self._custody, self._contents)

    @cached_property
    def _custody(self) -> Database:
        if self._home is None:
            return custody_in_memory()
        return open_custody(self._home, self._database, self._draw(KEY_BYTES))

    @cached_property
    def _contents(self) -> Contents:
        blobs = BlobFolder(self._home or Path(os.devnull), self._database, draw=self._draw)
        inline = INLINE_BYTES_MAX if self._home is not None else LETTER_BYTES_MAX
        return Contents(self._database, blobs, draw=self._draw, inline_bytes_max=inline)

    @property
    def office(self) -> PostOffice:
        """Reads all that is carried, once. Raises EnvironmentProblem."""
        with self._opening:
            if self._office is None:
                self._office = self._open()
            return self._office

    def _open(self) -> PostOffice:
        database = self._database
        stores = Stores(
            contacts=self._contacts,
            chains=SqliteChains(database),
            letters=self.letters,
            sending=SqliteSending(database, self._contents),
            arrivals=self._arrivals,
            bundles=self.bundles,
            inventories=SqliteInventories(database),
        )
        world = World(
            stores=stores,
            entropy=SystemEntropy(),
            clock=self.clock,
            now_s=clock.awake_and_asleep_s,
            report=self._report,
            space_bytes=SPACE_BYTES,
            others_bytes=self.others_bytes,
            has_room=self.has_room,
        )
        return PostOffice(world)

    def has_room(self, held_bytes: int) -> bool:
        """Letters leave some for everything else, and those of one contact some for others: they take at most
        SHARE times what is left then. What does not fit stays sealed, or with who has it (letter 2.8)."""
        if self._home is None:
            return True
        left_bytes = shutil.disk_usage(self._home).free - LEFT_FREE_BYTES
        return left_bytes >= max(0, held_bytes // SHARE)

    def others_bytes(self, now_bytes: int) -> int:
        """How much room letters of others have, where they take so much now: as the person has set it. Where
        the disk is nearly full they are not more than they are."""
        set_bytes = self._settings.now.carry_bytes
        return set_bytes if self._home is None else min(set_bytes, max(now_bytes, self.room_bytes()))

    def room_bytes(self) -> int:
        """What the disk lets letters of others take, beside all that is on it now."""
        if self._home is None:
            return 0
        with disk_problems(f"look at the profile {str(self._home)!r}"):
            custody = self._home / CUSTODY
            has_bytes = custody.stat().st_size if custody.exists() else 0
            return max(0, has_bytes + shutil.disk_usage(self._home).free - LEFT_FREE_BYTES)

    def unreadable(self, contact: ContactId | None) -> int:
        """How many letters are kept for a newer version: of this contact, or (None) of all."""
        return sum(contact in (None, whose) for _, whose in self._arrivals.unreadable())

    def carried(self) -> dict[str, int]:
        """As a script reads it [api 2.7]. Opens what is carried, and reads the totals alone."""
        if self._home is not None and not (self._home / CUSTODY).exists():  # who only looks makes nothing
            return Carried(others_bytes=0, own_bytes=0).told(self.others_bytes(0))
        with self._opening:
            now = carried(self.bundles)
        return now.told(self.others_bytes(now.others_bytes))

    def listen(self, report: events.Report) -> Callable[[], None]:
        """From now on `report` hears of letters; the answer ends it. It is called in any thread, in the
        office's turn, and returns at once."""
        self._listeners.append(report)
        return lambda: self._listeners.remove(report)

    def _report(self, event: events.Event) -> None:
        for report in list(self._listeners):
            report(event)

    def close(self) -> None:
        """Before the profile. What went unread and cannot be looked at now may come again."""
        if self._office is not None:
            with suppress(EnvironmentProblem, MisuseError):
                self._office.close()
        if "_custody" in self.__dict__:
            self._custody.close()

"""The post office of an open profile, and what it stands on: one for all that runs with that profile."""

import os
import shutil
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from satchel.core.crypto.aead import KEY_BYTES
from satchel.core.identity.clocks import BUILT_S
from satchel.core.sealing.letter import LETTER_BYTES_MAX
from satchel.node import clock, events
from satchel.node.entropy import SystemEntropy
from satchel.node.letters.office import PostOffice
from satchel.node.letters.stores import Stores, World
from satchel.node.node_clock import NodeClock
from satchel.store.arrivals import SqliteArrivals
from satchel.store.blobs import BlobFolder
from satchel.store.bundles import SqliteBundles
from satchel.store.chains import SqliteChains
from satchel.store.contacts import SqliteContacts
from satchel.store.contents import INLINE_BYTES_MAX, Contents
from satchel.store.custody import custody_in_memory, open_custody
from satchel.store.database import Database
from satchel.store.inventories import SqliteInventories
from satchel.store.letters import SqliteLetters
from satchel.store.sending import SqliteSending

LEFT_FREE_BYTES = 256 << 20  # of the disk
SHARE = 4  # of one contact's letters, to what is left for all others (M3)
SPACE_BYTES = 1 << 30  # for bundles, half of it for what others bring (custody 2.3)


class Post:
    """From any thread. What is not asked for is not opened: who reads a letter loads nothing of that."""

    def __init__(self, home: Path | None, database: Database, contacts: SqliteContacts) -> None:
        """home: None: it is all in memory."""
        self._home = home
        self._database = database
        self._contacts = contacts
        self._draw = SystemEntropy().draw
        self._opening = threading.Lock()
        self._office: PostOffice | None = None
        self._custody: Database | None = None
        self._listeners: list[events.Report] = []

    @cached_property
    def clock(self) -> NodeClock:
        return NodeClock(self._contacts, build_s=BUILT_S)

    @cached_property
    def letters(self) -> SqliteLetters:
        return SqliteLetters(self._database, self._contents)

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
        if self._home is None:
            self._custody = custody_in_memory()
        else:
            self._custody = open_custody(self._home, database, self._draw(KEY_BYTES))
        stores = Stores(
            contacts=self._contacts,
            chains=SqliteChains(database),
            letters=self.letters,
            sending=SqliteSending(database, self._contents),
            arrivals=SqliteArrivals(database, self._contents),
            bundles=SqliteBundles(database, self._custody, self._contents),
            inventories=SqliteInventories(database),
        )
        world = World(
            stores=stores,
            entropy=SystemEntropy(),
            clock=self.clock,
            now_s=clock.awake_and_asleep_s,
            report=self._report,
            space_bytes=SPACE_BYTES,
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

    def listen(self, report: events.Report) -> Callable[[], None]:
        """From now on `report` hears of letters; the answer ends it. It is called in any thread, in the
        office's turn, and returns at once."""
        self._listeners.append(report)
        return lambda: self._listeners.remove(report)

    def _report(self, event: events.Event) -> None:
        for report in list(self._listeners):
            report(event)

    def close(self) -> None:
        """Before the profile."""
        if self._custody is not None:
            self._custody.close()

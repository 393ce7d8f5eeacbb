"""Where this person's Satchel keeps what it must remember, and how a command gets at it."""

import argparse
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from satchel.cli import units
from satchel.cli.home import home_folder
from satchel.cli.passphrases import open_with_passphrase
from satchel.cli.shared_library import SharedLibrary
from satchel.cli.shared_opener import SharedOpener
from satchel.cli.show import Show
from satchel.confinement.landlock import can_keep_out_of_swap, confine_thread, confine_writes, harden
from satchel.core.crypto.selftest import self_test
from satchel.core.identity.keyfile import KEY_BYTES, Bare, KeyFile, Sealed, decode, encode
from satchel.errors import EnvironmentProblem, MisuseError, NothingToDo
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.ports import RecordHead, Records, Role
from satchel.problems import disk_problems
from satchel.store.database import Database, require_cipher
from satchel.store.landing import FolderLanding
from satchel.store.profile import ProfileFolder, ProfileInUse
from satchel.store.records import SqliteRecords

if TYPE_CHECKING:
    from satchel.cli.guests_door import GuestsDoor
    from satchel.cli.post import Post
    from satchel.cli.shared_records import Claims, SharedRecords
    from satchel.node.node import Node
    from satchel.store.contacts import SqliteContacts
    from satchel.store.history import SqliteHistory
    from satchel.store.library.opening import KeptLibrary
    from satchel.store.overview import Overviews
    from satchel.store.queue import SqliteQueue
    from satchel.store.settings import SqliteSettings
    from satchel.store.uploads import SqliteUploads


_WITHOUT_PROFILE = ("send_cmd", "receive_cmd")  # they can do with one in memory (decision 0167)


@dataclass(slots=True)
class Profile:
    """An open profile, this process's alone. `folder` is None for one in memory."""

    folder: ProfileFolder | None
    file: KeyFile
    key: bytes
    database: Database
    records: SqliteRecords
    shared_opener: SharedOpener = field(default_factory=SharedOpener, kw_only=True)  # `opener_of` asks it
    shared_uploads: "SqliteUploads | None" = field(default=None, kw_only=True)
    shared_settings: "SqliteSettings | None" = field(default=None, kw_only=True)
    shared_overviews: "Overviews | None" = field(default=None, kw_only=True)
    shared_post: "Post | None" = field(default=None, kw_only=True)
    shared_library: SharedLibrary = field(default_factory=SharedLibrary, kw_only=True)
    # Held by who puts all under another key, or copies what is under this one: one at a time.
    turn: threading.Lock = field(default_factory=threading.Lock, kw_only=True)
    shared_guests: "GuestsDoor | None" = field(default=None, kw_only=True)

    @property
    def owner(self) -> "Profile":
        """Whose key is the one of now."""
        return self

    def replace_key(self, file: Sealed, key: bytes) -> None:
        """Put everything under another key. Raises EnvironmentProblem: nothing was changed, unless the
        database is closed (see ProfileFolder.replace_key)."""
        assert self.folder is not None
        with self.turn:
            with self.database.changing() as connection:
                connection.execute("UPDATE profile SET library_renewed = 0")
            self.folder.replace_key(self.database, encode(file), key)
            self.file, self.key = file, key
            self.shared_library.renew()

    @property
    def uploads(self) -> "SqliteUploads":
        """One for all commands of a node: what one of them offers, no other erases."""
        if self.shared_uploads is None:
            from satchel.store.blobs import BlobFolder  # noqa: PLC0415 - see contacts
            from satchel.store.uploads import SqliteUploads  # noqa: PLC0415

            draw = SystemEntropy().draw
            home = self.folder.home if self.folder is not None else Path(os.devnull)  # has no page
            blobs = BlobFolder(home, self.database, draw=draw)
            self.shared_uploads = SqliteUploads(self.database, blobs, draw=draw, now_s=clock.wall_s)
        return self.shared_uploads

    @property
    def settings(self) -> "SqliteSettings":
        """One for all of a node: what one command sets, all go by."""
        if self.shared_settings is None:
            from satchel.store.settings import SqliteSettings  # noqa: PLC0415 - see contacts

            self.shared_settings = SqliteSettings(self.database)
        return self.shared_settings

    @property
    def overviews(self) -> "Overviews":
        """One for all of a node: what one command has looked through, no other does again."""
        if self.shared_overviews is None:
            from satchel.store.overview import Overviews  # noqa: PLC0415 - see contacts

            self.shared_overviews = Overviews(self.database)
        return self.shared_overviews

    @property
    def post(self) -> "Post":
        """One for all of a node."""
        if self.shared_post is None:
            from satchel.cli.post import Post  # noqa: PLC0415 - see contacts

            home = self.folder.home if self.folder is not None else None
            self.shared_post = Post(home, self.database, self.contacts, self.settings)
        return self.shared_post

    @property
    def library(self) -> "KeptLibrary":
        """One for all of a node. Raises EnvironmentProblem; MisuseError: this profile is in memory."""
        if (owner := self.owner).folder is None:
            raise MisuseError(
                "A profile in memory has no library: its books would end with its command.",
                safe="Nothing was done.",
                do="Leave out --ephemeral.",
            )
        return owner.shared_library.get(owner.folder.home, owner.database)

    @property
    def history(self) -> "SqliteHistory":
        from satchel.store.history import SqliteHistory  # noqa: PLC0415 - see contacts

        return SqliteHistory(self.database)

    @property
    def contacts(self) -> "SqliteContacts":
        """Loaded only where people are meant: a hand-over by code begins sooner."""
        from satchel.core.identity.networks import SALT_BYTES  # noqa: PLC0415
        from satchel.store.contacts import SqliteContacts  # noqa: PLC0415

        return SqliteContacts(self.database, salt=SystemEntropy().draw(SALT_BYTES))

    @property
    def queue(self) -> "SqliteQueue":
        """Loaded as contacts are."""
        from satchel.store.queue import SqliteQueue  # noqa: PLC0415

        return SqliteQueue(self.database, removed=self.sweep_uploads)

    @property
    def guests(self) -> "GuestsDoor":
        """One for all of a node: the door for guests, closed at first."""
        if self.owner is not self:
            return self.owner.guests
        if self.shared_guests is None:
            from satchel.cli.guests_library import door_for  # noqa: PLC0415 - see contacts

            self.shared_guests = door_for(lambda: self.library, self.shared_opener.get)
        return self.shared_guests

    @property
    def writable(self) -> Sequence[Path]:
        """Where it writes."""
        return [self.folder.home] if self.folder is not None else []

    def confine(self, *folders: Path) -> None:
        """From now on this process writes nowhere else (M4). Before its first thread."""
        confine_writes([*folders, *self.writable])

    def expire(self) -> int:
        """What is older than seven days is erased, and its unfinished files. Raises EnvironmentProblem.

        Returns how many uploads that nobody sent were.
        """
        self.records.expire(clock.wall_s(), sweep=_sweep)
        for head in self.records.of_contacts(Role.RECEIVER):
            if head.is_refused:
                _sweep(head)  # also after a kill, or when a stick is in again
        return self.uploads.expire()

    def sweep_uploads(self) -> None:
        """What was over just now needs some of them no more. What cannot be erased now is in an hour."""
        with suppress(EnvironmentProblem):
            self.uploads.sweep()

    def lend(self, node: "Node", claims: "Claims") -> "LentProfile":
        """To a command that begins now: what it stores has the time of now."""
        from satchel.cli.shared_records import SharedRecords  # noqa: PLC0415 - of a node only

        records = SharedRecords(self.database, claims, now_s=clock.wall_s())
        return LentProfile(
            *(self.folder, self.file, self.key, self.database, records, node),
            shared_uploads=self.uploads,
            shared_settings=self.settings,
            shared_overviews=self.overviews,
            shared_post=self.post,
            lender=self,
        )

    def close(self) -> None:
        """Let go of it. One in memory leaves nothing behind, no unfinished files either."""
        if self.shared_guests is not None:
            self.shared_guests.close()  # first: it reads from all the rest
        if self.folder is None:
            for head in receptions(self.records):
                FolderLanding.sweep(head.into, head.id)
        self.shared_opener.close()
        self.sweep_uploads()
        if self.shared_post is not None:
            self.shared_post.close()
        self.shared_library.close()
        self.database.close()
        if self.folder is not None:
            self.folder.close()


def receptions(records: Records) -> list[RecordHead]:
    """All that is being received, by code and from contacts: each has a hidden folder where it is to go."""
    return [*records.unfinished(Role.RECEIVER), *records.of_contacts(Role.RECEIVER)]


@dataclass(slots=True)
class LentProfile(Profile):
    """The profile of a running node, for a command that runs inside of it, in a thread of its own."""

    records: "SharedRecords"
    node: "Node"
    lender: Profile | None = field(default=None, kw_only=True)

    @property
    def owner(self) -> Profile:
        """The node's: the key may have been changed since this command began."""
        return self.lender or self

    def confine(self, *folders: Path) -> None:
        """As in Profile; here it is this thread, and those that it starts."""
        confine_thread([*folders, *self.writable])

    def close(self) -> None:
        """The node goes on with it."""
        self.records.release()
        self.sweep_uploads()


def open_profile(options: argparse.Namespace, show: Show) -> Profile:
    """The profile of this command: made without a passphrase if there is none, in memory with --ephemeral.

    In a command that runs inside a node it is the node's.

    Checks first that the cryptography is right on this machine, and sees that the keys leave no core dump.
    Says at each start what is void without a passphrase. Asks for one where there is one.

    Raises:
        EnvironmentProblem: another process has it, it cannot be read or written, it is damaged or newer.
        AccessDenied: the passphrase was not right.
    """
    if options.lent is not None:
        return cast("LentProfile", options.lent)
    protect()
    if options.ephemeral:
        return _open(None, Bare(key=SystemEntropy().draw(KEY_BYTES)), show)
    folder = _take(options)
    try:
        return open_taken(folder, show)
    except BaseException:
        folder.close()
        raise


def _take(options: argparse.Namespace) -> ProfileFolder:
    try:
        return ProfileFolder.take(home_folder(options.home))
    except ProfileInUse as used:
        if options.module not in _WITHOUT_PROFILE:
            raise
        do = f"{used.do} Or, for this once, add --ephemeral: then nothing is remembered."
        raise ProfileInUse(used.what, safe=used.safe, do=do) from used


def open_taken(folder: ProfileFolder, show: Show) -> Profile:
    """As open_profile, after `protect`. Whoever took the folder closes it where this raises."""
    data = folder.read_key_file()
    if data is None:
        data = make_bare(folder)
    return _open(folder, decode(data), show)


def make_bare(folder: ProfileFolder) -> bytes:
    """A new profile without a passphrase: its key file. Raises EnvironmentProblem."""
    key = SystemEntropy().draw(KEY_BYTES)
    data = encode(Bare(key=key))
    folder.create(data, key)
    return data


def open_existing(options: argparse.Namespace, show: Show) -> Profile:
    """As open_profile, and raises NothingToDo where there is none."""
    refuse_ephemeral(options)
    if options.lent is None and not has_profile(home_folder(options.home)):
        raise no_profile()
    return open_profile(options, show)


def refuse_ephemeral(options: argparse.Namespace) -> None:
    """For commands about a profile on a disk. Raises MisuseError."""
    if options.ephemeral:
        raise MisuseError(
            f"satchel {options.command} takes no --ephemeral: a profile in memory ends with its command.",
            safe="Nothing was done.",
            do=f"satchel {options.command}",
        )


def has_profile(home: Path) -> bool:
    """Whether anything of a profile is there. Raises EnvironmentProblem."""
    with disk_problems(f"look at the profile {str(home)!r}"):
        return any((home / name).exists() for name in ("key", "data", "resume.sqlite3"))


def no_profile() -> NothingToDo:
    return NothingToDo(
        "There is no profile here.",
        safe="Nothing was changed.",
        do="Make one (satchel init), or name it (--home).",
    )


def protect() -> None:
    """Before the first key is in memory, and the first byte from a stranger."""
    self_test()
    require_cipher()
    harden()


def without_passphrase() -> EnvironmentProblem:
    """Said at each start: what is void."""
    return EnvironmentProblem(
        "This profile has no passphrase: whoever takes this device, or copies its disk, can read it.",
        do="Set one: satchel passphrase",
    )


def keys_may_be_swapped() -> EnvironmentProblem | None:
    """Said at each start of a profile under a passphrase: a thief may find its keys on the disk (T1)."""
    if can_keep_out_of_swap():
        return None
    from satchel.node.doctor.machine import open_swaps  # noqa: PLC0415 - most commands need none of it

    where = open_swaps()
    if not where:
        return None
    return EnvironmentProblem(
        f"This machine may write what is in memory to a disk without encryption ({', '.join(where)}): who"
        " takes the disk may find the keys of this profile.",
        do="Encrypt the swap, or switch it off: satchel doctor says how.",
    )


def never_sent(count: int) -> EnvironmentProblem:
    """Said at the start: why something that the owner's page had brought is not there any more."""
    return EnvironmentProblem(
        f"{units.count(count, 'upload')} of the page were erased: nobody had sent them for seven days.",
        safe="The files that they were made of are where they were.",
        do="",
    )


def _open(folder: ProfileFolder | None, file: KeyFile, show: Show) -> Profile:
    match file:
        case Sealed():
            return open_with_key(folder, file, open_with_passphrase(file, show), show)
        case Bare(key=key):
            return open_with_key(folder, file, key, show)


def open_with_key(folder: ProfileFolder | None, file: KeyFile, key: bytes, show: Show) -> Profile:
    """The profile whose key file says `key`. Raises EnvironmentProblem."""
    if isinstance(file, Sealed):
        if (swapped := keys_may_be_swapped()) is not None:
            show.warning(swapped)
    elif folder is not None:
        show.warning(without_passphrase())
    database = folder.open(key) if folder is not None else Database.in_memory()
    profile = Profile(folder, file, key, database, SqliteRecords(database, now_s=clock.wall_s()))
    if expired := profile.expire():
        show.warning(never_sent(expired))
    return profile


def _sweep(head: RecordHead) -> None:
    if head.into:
        FolderLanding.sweep(head.into, head.id)

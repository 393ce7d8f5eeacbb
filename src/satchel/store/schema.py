"""The tables of a profile's database, and how older files become newer ones.

Rung n of the ladder turns a file of version n into one of version n + 1. A rung that was released is
never edited; a change is a new rung.
"""

import apsw

from satchel.errors import EnvironmentProblem

_RECORDS = """
CREATE TABLE record (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    role INTEGER NOT NULL,
    secret BLOB NOT NULL,
    older_secret BLOB,
    into_folder BLOB NOT NULL,
    finished INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,  -- how often the secret was replaced
    used_s INTEGER  -- wall clock of the last session; NULL: no plausible clock then
);
CREATE TABLE entry (
    record INTEGER NOT NULL REFERENCES record (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    path BLOB NOT NULL,  -- components joined by a slash, which none of them has
    kind INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    executable INTEGER NOT NULL,
    state INTEGER NOT NULL,
    location BLOB NOT NULL,
    stamp BLOB NOT NULL,
    inode BLOB NOT NULL,  -- decimal; an inode has 64 bits without a sign, an INTEGER 63
    PRIMARY KEY (record, number)
) WITHOUT ROWID;
CREATE TABLE flight (
    record INTEGER NOT NULL REFERENCES record (key) ON DELETE CASCADE,
    ephemeral BLOB NOT NULL,
    generation INTEGER NOT NULL,  -- of the record when it was seen
    PRIMARY KEY (record, ephemeral)
) WITHOUT ROWID;
"""

_PROFILE = """
CREATE TABLE profile (
    restores INTEGER NOT NULL  -- how often this profile was made from a backup: then numbers went back
);
INSERT INTO profile (restores) VALUES (0);
"""

_CONTACTS = """
CREATE TABLE contact (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    proof TEXT NOT NULL,  -- the name of an identity.pair.Proof
    static BLOB NOT NULL,
    their_static BLOB NOT NULL,
    agreed INTEGER NOT NULL,
    previous INTEGER,
    speaking_epoch INTEGER NOT NULL,
    speaking BLOB NOT NULL,
    listening_epoch INTEGER NOT NULL,
    listening BLOB NOT NULL,
    letters_speaking BLOB NOT NULL,
    letters_listening BLOB NOT NULL,
    counter INTEGER NOT NULL,
    heard INTEGER NOT NULL,
    ahead_s INTEGER,
    taking INTEGER NOT NULL,
    comparison BLOB,  -- what its words are made of, until it is verified
    language TEXT  -- of those words, as a card says it; NULL: numbers
);
CREATE TABLE contact_flight (
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    ephemeral BLOB NOT NULL,
    PRIMARY KEY (contact, epoch, ephemeral)
) WITHOUT ROWID;
CREATE TABLE contact_nonce (
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    PRIMARY KEY (contact, epoch, nonce)
) WITHOUT ROWID;
CREATE TABLE contact_address (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- grows: the oldest goes first
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    network BLOB NOT NULL,
    address BLOB NOT NULL,
    UNIQUE (contact, network, address)
);
ALTER TABLE profile ADD COLUMN network_salt BLOB;
ALTER TABLE profile ADD COLUMN trusted_s INTEGER;
ALTER TABLE profile ADD COLUMN saved_s INTEGER;
"""

_QUEUE = """
CREATE TABLE queued (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- grows: the oldest comes first
    id BLOB NOT NULL UNIQUE,
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    paths BLOB NOT NULL,  -- separated by zero bytes, which none of them has
    note TEXT,
    made_s INTEGER,  -- wall clock; NULL: no plausible clock then
    state INTEGER NOT NULL
);
ALTER TABLE record ADD COLUMN contact INTEGER REFERENCES contact (key) ON DELETE CASCADE;
ALTER TABLE record ADD COLUMN theirs BLOB NOT NULL DEFAULT x'';
"""

# Addresses of before have epoch 0, so they go with the next keys that are let go of.
_ADDRESS_EPOCHS = """
ALTER TABLE contact_address ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;  -- agreed on when it was learned
"""

_UPLOADS = """
CREATE TABLE blob (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL UNIQUE,  -- of its file
    size INTEGER NOT NULL,
    length INTEGER NOT NULL  -- how much of it is durable
);
CREATE TABLE blob_stretch (
    blob INTEGER NOT NULL REFERENCES blob (key) ON DELETE CASCADE,
    first INTEGER NOT NULL,  -- block from which on this key counts
    secret BLOB NOT NULL,
    PRIMARY KEY (blob, first)
) WITHOUT ROWID;
CREATE TABLE upload (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- grows: the oldest comes first
    id BLOB NOT NULL UNIQUE,
    bunch BLOB NOT NULL,  -- what was dropped together
    path BLOB NOT NULL,  -- components joined by a slash, which none of them has
    mtime_ns INTEGER NOT NULL,
    blob INTEGER REFERENCES blob (key),  -- NULL: a folder
    sent INTEGER NOT NULL DEFAULT 0,  -- 1: something was queued, or accepted, that names it
    used_s INTEGER  -- wall clock, when something was done with it; NULL: no plausible clock then
);
CREATE INDEX upload_by_path ON upload (path);
CREATE INDEX upload_by_bunch ON upload (bunch);
"""

# Names that this version does not know stay: a newer one of the same tables has set them.
_SETTINGS = """
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
"""

# Only while the person has switched it on.
_HISTORY = """
CREATE TABLE past (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- grows: the oldest goes first
    when_s INTEGER,  -- wall clock; NULL: no plausible clock then
    giving INTEGER NOT NULL,
    contact INTEGER REFERENCES contact (key) ON DELETE CASCADE,  -- NULL: by code
    names BLOB NOT NULL,  -- joined by a slash, which none of them has
    files INTEGER NOT NULL,
    size INTEGER NOT NULL,
    has_text INTEGER NOT NULL
);
"""

LADDER: tuple[str, ...] = (
    *(_RECORDS, _PROFILE, _CONTACTS, _QUEUE, _ADDRESS_EPOCHS, _UPLOADS, _SETTINGS, _HISTORY),
)
VERSION = len(LADDER)


def version_of(connection: apsw.Connection) -> int:
    """0 for a new file. Raises EnvironmentProblem for one of a newer program, before anything is written."""
    version = int(connection.pragma("user_version"))
    if version > VERSION:
        raise EnvironmentProblem(
            "This profile was written by a newer Satchel.",
            safe="Nothing was changed.",
            do="Use that newer Satchel, or another profile (--home).",
        )
    return version


def climb(connection: apsw.Connection) -> None:
    """Bring the file to the newest version, all rungs or none."""
    if version_of(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for rung in LADDER[version_of(connection) :]:
            for statement in rung.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back by itself
            connection.execute("ROLLBACK")
        raise

"""The tables of a profile's database, and how older files become newer ones.

Rung n of the ladder turns a file of version n into one of version n + 1. A rung that was released is
never edited; a change is a new rung.
"""

from collections.abc import Sequence

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

# Letters. The roots of chains in `contact` are empty once its chains have begun.
_LETTERS = """
ALTER TABLE profile ADD COLUMN custody_key BLOB;
ALTER TABLE contact ADD COLUMN restores INTEGER NOT NULL DEFAULT 0;  -- of the profile, as its chain knows
ALTER TABLE blob ADD COLUMN content BLOB;  -- of a small one, which then has no file
ALTER TABLE blob ADD COLUMN contact INTEGER REFERENCES contact (key) ON DELETE CASCADE;  -- NULL: an upload
CREATE INDEX blob_of_contact ON blob (contact);
CREATE TABLE speaking_chain (
    contact INTEGER PRIMARY KEY REFERENCES contact (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    secret BLOB NOT NULL,
    known INTEGER NOT NULL,
    jumped INTEGER NOT NULL
);
CREATE TABLE listening_chain (
    contact INTEGER PRIMARY KEY REFERENCES contact (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    secret BLOB NOT NULL
);
CREATE TABLE skipped_run (
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    since_s INTEGER NOT NULL,
    plausible INTEGER NOT NULL,  -- whether since_s is
    PRIMARY KEY (contact, first)
) WITHOUT ROWID;
CREATE TABLE skipped_entry (
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    tag BLOB NOT NULL,
    secret BLOB NOT NULL,
    PRIMARY KEY (contact, number)
) WITHOUT ROWID;
CREATE TABLE letter (
    key INTEGER PRIMARY KEY,
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    id BLOB NOT NULL,
    state INTEGER NOT NULL,
    place INTEGER NOT NULL,  -- in the conversation, with the id
    text TEXT,  -- NULL: a long one, which is a blob
    blob INTEGER REFERENCES blob (key) ON DELETE SET NULL,
    written_s INTEGER,
    reply_to BLOB,
    expiry_hour INTEGER,
    UNIQUE (contact, id)
);
CREATE INDEX letter_by_blob ON letter (blob);
CREATE TABLE attachment (
    letter INTEGER NOT NULL REFERENCES letter (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    blob INTEGER REFERENCES blob (key) ON DELETE SET NULL,  -- NULL: it is not in a backup
    PRIMARY KEY (letter, number)
) WITHOUT ROWID;
CREATE INDEX attachment_by_blob ON attachment (blob);
CREATE TABLE own_bundle (
    key INTEGER PRIMARY KEY,
    letter INTEGER NOT NULL REFERENCES letter (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,  -- in the chain
    id BLOB NOT NULL UNIQUE,
    expiry_hour INTEGER NOT NULL,
    size_class INTEGER NOT NULL,
    copies INTEGER NOT NULL,
    tag BLOB NOT NULL,
    commitment BLOB NOT NULL UNIQUE,
    preimage BLOB NOT NULL,
    arrived_s INTEGER NOT NULL,  -- when it was sealed
    offered INTEGER NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0,  -- to how many carriers
    blob INTEGER REFERENCES blob (key) ON DELETE SET NULL
);
CREATE INDEX own_bundle_of_letter ON own_bundle (letter);
CREATE INDEX own_bundle_by_blob ON own_bundle (blob);
CREATE TABLE due_receipt (
    commitment BLOB PRIMARY KEY,
    preimage BLOB NOT NULL,
    expiry_hour INTEGER NOT NULL,
    due_s INTEGER NOT NULL,
    due_plausible INTEGER NOT NULL,
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    is_own INTEGER NOT NULL,  -- whether we wrote the letter, or the contact did
    deliverer INTEGER REFERENCES contact (key) ON DELETE SET NULL  -- NULL: a stick
) WITHOUT ROWID;
CREATE TABLE unfinished (
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    id BLOB NOT NULL,
    size INTEGER NOT NULL,
    expiry_hour INTEGER NOT NULL,
    PRIMARY KEY (contact, id)
) WITHOUT ROWID;
CREATE TABLE piece (
    contact INTEGER NOT NULL,
    id BLOB NOT NULL,
    number INTEGER NOT NULL,
    blob INTEGER NOT NULL REFERENCES blob (key) ON DELETE CASCADE,
    PRIMARY KEY (contact, id, number),
    FOREIGN KEY (contact, id) REFERENCES unfinished (contact, id) ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;
CREATE INDEX piece_by_blob ON piece (blob);
CREATE TABLE unreadable (
    key INTEGER PRIMARY KEY,
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    id BLOB,  -- of the letter; NULL: it is what was in a bundle
    blob INTEGER NOT NULL REFERENCES blob (key) ON DELETE CASCADE
);
CREATE INDEX unreadable_by_blob ON unreadable (blob);
CREATE TABLE ingress (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- what the other database has in place of a contact
    contact INTEGER NOT NULL UNIQUE REFERENCES contact (key) ON DELETE CASCADE
);
"""

_INVENTORIES = """
CREATE TABLE inventory (
    salt BLOB PRIMARY KEY,  -- of one that was written on a stick
    since_s INTEGER NOT NULL,
    plausible INTEGER NOT NULL  -- whether since_s is
) WITHOUT ROWID;
"""

# Receipts of before have none: what their writers brought is known by its commitment alone.
_DUE_BUNDLES = """
ALTER TABLE due_receipt ADD COLUMN bundle BLOB;  -- its id
"""

# What has come, or was taken back, stays as long as it is shown (custody 3.5): also without its letter.
_OWN_BUNDLES = """
CREATE TABLE own_bundle_now (
    key INTEGER PRIMARY KEY,
    contact INTEGER NOT NULL REFERENCES contact (key) ON DELETE CASCADE,
    letter INTEGER REFERENCES letter (key) ON DELETE SET NULL,  -- NULL: it was deleted
    number INTEGER NOT NULL,  -- in the chain
    id BLOB NOT NULL UNIQUE,
    expiry_hour INTEGER NOT NULL,
    size_class INTEGER NOT NULL,
    copies INTEGER NOT NULL,
    tag BLOB NOT NULL,
    commitment BLOB NOT NULL UNIQUE,
    preimage BLOB NOT NULL,
    arrived_s INTEGER NOT NULL,  -- when it was sealed
    offered INTEGER NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0,  -- to how many carriers
    blob INTEGER REFERENCES blob (key) ON DELETE SET NULL,
    ended INTEGER NOT NULL DEFAULT 0  -- it has come, or was taken back, and its receipt has not left
);
INSERT INTO own_bundle_now SELECT b.key, l.contact, b.letter, b.number, b.id, b.expiry_hour, b.size_class,
    b.copies, b.tag, b.commitment, b.preimage, b.arrived_s, b.offered, b.handed, b.blob, 0
    FROM own_bundle AS b JOIN letter AS l ON l.key = b.letter;
DROP TABLE own_bundle;
ALTER TABLE own_bundle_now RENAME TO own_bundle;
CREATE INDEX own_bundle_of_letter ON own_bundle (letter);
CREATE INDEX own_bundle_by_blob ON own_bundle (blob);
CREATE INDEX own_bundle_by_contact ON own_bundle (contact);
"""

# The key of the database of books, and whether it is to have a new one, since the profile got one.
_LIBRARY = """
ALTER TABLE profile ADD COLUMN library_key BLOB;
ALTER TABLE profile ADD COLUMN library_renewed INTEGER NOT NULL DEFAULT 1;
"""

LADDER: tuple[str, ...] = (
    *(_RECORDS, _PROFILE, _CONTACTS, _QUEUE, _ADDRESS_EPOCHS, _UPLOADS, _SETTINGS, _HISTORY, _LETTERS),
    *(_INVENTORIES, _DUE_BUNDLES, _OWN_BUNDLES, _LIBRARY),
)
VERSION = len(LADDER)


def version_of(connection: apsw.Connection, ladder: Sequence[str] | None = None) -> int:
    """0 for a new file. Raises EnvironmentProblem for one of a newer program, before anything is written."""
    version = int(connection.pragma("user_version"))
    if version > len(ladder or LADDER):
        raise EnvironmentProblem(
            "This profile was written by a newer Satchel.",
            safe="Nothing was changed.",
            do="Use that newer Satchel, or another profile (--home).",
        )
    return version


def climb(connection: apsw.Connection, ladder: Sequence[str] | None = None) -> None:
    """Bring the file to the newest version, all rungs or none."""
    rungs = ladder or LADDER
    if version_of(connection, rungs) == len(rungs):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for rung in rungs[version_of(connection, rungs) :]:
            for statement in rung.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(rungs)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back by itself
            connection.execute("ROLLBACK")
        raise

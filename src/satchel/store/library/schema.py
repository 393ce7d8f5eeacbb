"""The tables of the library's databases: rungs, as in `store.schema`. Spec: docs/spec/profile.md, 13."""

# `blob` and `blob_stretch` are those of store.schema, so that store.blobs knows them.
_CATALOGUE = """
CREATE TABLE blob (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL UNIQUE,  -- of its file
    size INTEGER NOT NULL,  -- with its filling
    length INTEGER NOT NULL
);
CREATE TABLE blob_stretch (
    blob INTEGER NOT NULL REFERENCES blob (key) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    secret BLOB NOT NULL,
    PRIMARY KEY (blob, first)
) WITHOUT ROWID;
CREATE TABLE content (
    blob INTEGER PRIMARY KEY REFERENCES blob (key) ON DELETE CASCADE,
    root BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL  -- of what is in it
);
CREATE TABLE book (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,  -- of the item
    sort TEXT NOT NULL,  -- its title, as it is compared
    cover INTEGER REFERENCES blob (key)
);
CREATE TABLE record (
    book INTEGER PRIMARY KEY REFERENCES book (number) ON DELETE CASCADE,
    body BLOB NOT NULL  -- library 5: apart, so that who looks through all books reads little
);
CREATE INDEX book_by_title ON book (sort, number);
CREATE INDEX book_by_cover ON book (cover) WHERE cover IS NOT NULL;
CREATE TABLE part (
    book INTEGER NOT NULL REFERENCES book (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,  -- from 0
    blob INTEGER NOT NULL REFERENCES blob (key),
    PRIMARY KEY (book, number)
) WITHOUT ROWID;
CREATE INDEX part_by_blob ON part (blob);
CREATE TABLE facet (
    facet TEXT NOT NULL,  -- the value of a Facet
    value TEXT NOT NULL,
    book INTEGER NOT NULL REFERENCES book (number) ON DELETE CASCADE,
    PRIMARY KEY (facet, value, book)
) WITHOUT ROWID;
CREATE INDEX facet_by_book ON facet (book, facet);
CREATE TABLE shelf (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    alike TEXT NOT NULL UNIQUE,  -- the name, as it is compared
    secret BLOB NOT NULL,  -- library 2.1
    is_open INTEGER NOT NULL DEFAULT 0,
    changed_s INTEGER NOT NULL
);
CREATE TABLE shelved (
    shelf INTEGER NOT NULL REFERENCES shelf (number) ON DELETE CASCADE,
    book INTEGER NOT NULL REFERENCES book (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    PRIMARY KEY (shelf, book)
) WITHOUT ROWID;
CREATE INDEX shelved_in_order ON shelved (shelf, place);
CREATE INDEX shelved_by_book ON shelved (book);
CREATE TABLE changed (
    what TEXT PRIMARY KEY,
    at_s INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO changed VALUES ('all', 0), ('open', 0);
CREATE TABLE aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    what TEXT NOT NULL,
    do TEXT NOT NULL,
    at_s INTEGER
);
CREATE TABLE shard (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- a database of the index
    name BLOB NOT NULL UNIQUE,  -- of its file
    secret BLOB NOT NULL,
    is_full INTEGER NOT NULL DEFAULT 0  -- nothing is added any more
);
"""
CATALOGUE_LADDER: tuple[str, ...] = (_CATALOGUE,)

# Rows of `inside` and `passage` have the number of their book above 24 bits, and their place in it below.
# Those of `titles` have that number alone, since all of them are looked at before.
_TOKENIZER = """tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'" """
_INDEX = f"""
CREATE TABLE indexed (
    book INTEGER PRIMARY KEY,
    serial INTEGER NOT NULL,  -- of who puts it in
    is_whole INTEGER NOT NULL
);
CREATE TABLE passage (
    key INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    heading TEXT NOT NULL,
    text BLOB NOT NULL  -- zlib
);
CREATE VIRTUAL TABLE titles USING fts5(words, content='', contentless_delete=1, {_TOKENIZER});
CREATE VIRTUAL TABLE inside USING fts5(words, content='', contentless_delete=1, {_TOKENIZER});
"""
INDEX_LADDER: tuple[str, ...] = (_INDEX,)

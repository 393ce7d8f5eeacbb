"""The tables of the other database, for what is carried for others: rungs, as in `schema`.

No own bundle is in it, and nothing says which one of them was for this person. Spec: docs/spec/profile.md,
12.
"""

_CUSTODY = """
CREATE TABLE bundle (
    key INTEGER PRIMARY KEY,  -- grows: the oldest first
    id BLOB NOT NULL UNIQUE,
    expiry_hour INTEGER NOT NULL,
    size_class INTEGER NOT NULL,
    copies INTEGER NOT NULL,
    tag BLOB NOT NULL,
    commitment BLOB NOT NULL,
    ingress INTEGER NOT NULL,  -- 0: a stick; else who that is says the database of the profile
    arrived_s INTEGER NOT NULL,
    offered INTEGER NOT NULL
);
CREATE INDEX bundle_in_order ON bundle (expiry_hour, id, offered);
CREATE INDEX bundle_by_tag ON bundle (tag);
CREATE INDEX bundle_by_commitment ON bundle (commitment);
CREATE INDEX bundle_by_ingress ON bundle (ingress, size_class);
CREATE TABLE partial (
    key INTEGER PRIMARY KEY,  -- of the numbers of bundle
    id BLOB NOT NULL,
    ingress INTEGER NOT NULL,
    length INTEGER NOT NULL,  -- bytes that are here
    turn INTEGER NOT NULL,  -- of its ingress: which one came last
    UNIQUE (ingress, id)
);
CREATE INDEX partial_by_id ON partial (id);
CREATE TABLE block (
    key INTEGER PRIMARY KEY,  -- 16 times that of the bundle, and its place; behind the header, if it is whole
    content BLOB NOT NULL
);
CREATE TABLE past (
    key INTEGER PRIMARY KEY,  -- grows: the oldest first
    id BLOB NOT NULL UNIQUE,
    commitment BLOB NOT NULL,
    expiry_hour INTEGER NOT NULL,
    ingress INTEGER NOT NULL,
    preimage BLOB  -- of its receipt; NULL: none has come
);
CREATE INDEX past_by_commitment ON past (commitment);
CREATE INDEX past_by_expiry ON past (expiry_hour, id);
CREATE INDEX past_by_ingress ON past (ingress);
CREATE TABLE share (
    ingress INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    bundles INTEGER NOT NULL,
    past INTEGER NOT NULL
);
"""
# Of what is remembered from before nobody knows how large it was.
_AWAITED = """
ALTER TABLE past ADD COLUMN large INTEGER NOT NULL DEFAULT 0;  -- its copies were counted
CREATE INDEX past_awaited ON past (commitment) WHERE large AND preimage IS NULL;
"""
# What has all its copies yet goes later: 24 or more are the first ones (core/custody/copies.py).
_FIRST_COPIES = """
DROP INDEX bundle_by_ingress;
CREATE INDEX bundle_by_ingress ON bundle (ingress, size_class, copies >= 24);
"""
# What went and was not tried yet is forgotten by who begins, so that it can come again (custody 6.9).
_UNTRIED = """
ALTER TABLE past ADD COLUMN untried INTEGER NOT NULL DEFAULT 0;
CREATE INDEX past_untried ON past (key) WHERE untried;
"""
CUSTODY_LADDER: tuple[str, ...] = (_CUSTODY, _AWAITED, _FIRST_COPIES, _UNTRIED)

"""carriers/stick/layout, contents and survey: a file on a stick, of whoever had it before."""

import io
import os
from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import drawn, of_kind, raw
from satchel.carriers.stick.contents import Contents
from satchel.carriers.stick.layout import RECEIPTS_MAX, TAGS_MAX, encode_head, is_name
from satchel.carriers.stick.survey import Fate, Note, Survey
from satchel.core.bundles.header import bundle_id, decode_bundle
from satchel.core.bundles.lifetime import SINCE_S
from satchel.core.bundles.receipt import Receipt
from satchel.core.identity.clocks import HOUR_S
from satchel.errors import PeerError

NOW_S = SINCE_S + 60_000 * HOUR_S


def check(data: bytes) -> bool:
    feed = Feed(data)
    name = os.fsdecode(feed.piece())  # as os.scandir gives it
    if is_name(name):
        assert len(name) == 12
        assert name.isascii()
        assert "/" not in name
    content = feed.rest()
    note, survey = Note(name=name, size_bytes=len(content)), survey_of()
    try:
        contents = Contents(io.BytesIO(content))
        survey.look(note, contents)
    except PeerError:
        return False
    assert encode_head(contents.head) == content[:33]
    assert len(list(contents.receipts())) <= min(RECEIPTS_MAX, len(content) // 23)
    assert len(contents.tags()) <= min(TAGS_MAX, len(content) // 8)
    found = list(contents.records(lambda _id, _header: True))
    for one in found:
        assert bundle_id(one.bundle) == one.id
        assert decode_bundle(one.bundle) == one.header
        assert one.bundle in content
    survey.judge(note, contents)
    assert {one.id for one in found} >= set(note.live)
    if note.fate is Fate.GOES:  # nobody loses what somebody may wait for
        assert not note.live
        assert not note.receipts
        assert not note.shows
    assert survey.on_stick == (set(note.live) if note.fate is Fate.STAYS else set())
    return True


def survey_of() -> Survey:
    return Survey(
        clock_s=NOW_S, own=(bytes(16),), receipts=(Receipt(preimage=drawn("r a", 20), expiry_hour=0),)
    )


def seeds() -> Iterator[bytes]:
    for vector in of_kind("stick", "name"):
        yield as_piece(vector["file"].encode())
    for vector in of_kind("stick", "file"):
        yield as_piece(b"ABCDEFGH.DAT") + raw(vector["bytes"])
    for kind in ("head", "lists"):
        for vector in of_kind("stick", kind):
            yield as_piece(b"abcdefgh.dat") + raw(vector["bytes"])

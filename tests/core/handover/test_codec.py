"""Messages as bytes: one encoding for each, nothing else is read, and none is too long for its frame."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.core.blobs.chunks import CHUNK_BYTES
from satchel.core.handover import codec
from satchel.core.handover import messages as m
from satchel.core.handover.codec import MESSAGE_BYTES_MAX, decode, encode
from satchel.core.handover.effects import Effect, HashChunks, Say, SendChunks, SendFiles
from satchel.core.handover.receiving import Receiver
from satchel.core.handover.sending import Sender
from satchel.core.session.frames import CONTROL_BODY_MAX
from satchel.core.wire import cbor
from satchel.core.wire.paths import PATH_BYTES_MAX, refusal
from satchel.errors import PeerError

NUMBERS = st.integers(0, codec.NUMBER_MAX)
CHUNKS = st.integers(0, codec.CHUNKS_MAX)
HASH = st.binary(min_size=32, max_size=32)
NAMES = st.binary(min_size=1, max_size=40) | st.sampled_from([b"a", b"\xff", "رسالة".encode(), b"x" * 255])
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(tuple).filter(lambda path: refusal(path) is None)


def ranges(end: int) -> st.SearchStrategy[tuple[m.Range, ...]]:
    few = st.sets(st.integers(0, end - 1), max_size=12)
    return few.map(lambda numbers: tuple(m.as_ranges(sorted(numbers))))


@st.composite
def entries(draw: st.DrawFn) -> m.Entry:
    kind = draw(st.sampled_from(m.EntryKind))
    is_file = kind is m.EntryKind.FILE
    return m.Entry(
        path=draw(PATHS),
        kind=kind,
        size=draw(st.integers(0, codec.SIZE_MAX)) if is_file else 0,
        mtime_ns=draw(st.integers(-codec.MTIME_NS_MAX, codec.MTIME_NS_MAX)),
        executable=draw(st.booleans()) if is_file else False,
    )


@st.composite
def offers(draw: st.DrawFn) -> m.Offer:
    last = draw(st.booleans())
    page = draw(st.lists(entries(), min_size=0 if last else 1, max_size=4))
    note = draw(st.none() | st.text(st.characters(codec="utf-8"), max_size=30)) if last else None
    first = draw(st.integers(0, codec.NUMBER_MAX + 1 - max(1, len(page))))
    return m.Offer(first=first, entries=tuple(page), last=last, note=note)


OF_EACH_KIND: dict[type[m.Message], st.SearchStrategy[Any]] = {
    m.Hello: st.builds(m.Hello, aes=st.booleans()),
    m.Offer: offers(),
    m.Accept: st.builds(m.Accept, ranges=ranges(codec.NUMBER_MAX + 1), last=st.booleans()),
    m.Decline: st.just(m.Decline()),
    m.Receipt: st.builds(m.Receipt, ranges=ranges(codec.NUMBER_MAX + 1)),
    m.Check: st.builds(
        m.Check,
        files=st.lists(st.tuples(NUMBERS, st.integers(1, codec.CHUNKS_MAX)), min_size=1, max_size=5).map(
            tuple
        ),
    ),
    m.Manifest: st.builds(
        m.Manifest, number=NUMBERS, first=CHUNKS, hashes=st.lists(HASH, min_size=1, max_size=4).map(tuple)
    ),
    m.WantFiles: st.builds(m.WantFiles, ranges=ranges(codec.NUMBER_MAX + 1)),
    m.WantChunks: st.builds(m.WantChunks, number=NUMBERS, ranges=ranges(codec.CHUNKS_MAX)),
    m.Ready: st.just(m.Ready()),
    m.Failed: st.builds(m.Failed, number=NUMBERS, failure=st.sampled_from(m.Failure)),
    m.Bye: st.just(m.Bye()),
    m.Stop: st.builds(m.Stop, reason=st.sampled_from(m.StopReason)),
    m.Stripes: st.builds(m.Stripes, pipes=st.integers(2, codec.PIPES_MAX)),
}
MESSAGES = st.one_of(list(OF_EACH_KIND.values()))
EACH_KIND = pytest.mark.parametrize("kind", OF_EACH_KIND, ids=lambda kind: str(kind.__name__))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=40) | st.just("x"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 5), inner, max_size=4),
    max_leaves=8,
)


def reads_back_or_refuses(body: bytes) -> None:
    try:
        message = decode(body)
    except PeerError:
        return
    assert encode(message) == body  # only one encoding is ever accepted


def test_every_message_is_tested() -> None:
    assert set(OF_EACH_KIND) == set(m.Message.__args__)


@EACH_KIND
@given(data=st.data())
@settings(max_examples=25)
def test_what_is_said_is_what_is_heard(kind: type[m.Message], data: st.DataObject) -> None:
    message = data.draw(OF_EACH_KIND[kind])
    assert decode(encode(message)) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_peer_error(body: bytes) -> None:
    reads_back_or_refuses(body)


@given(kind=st.integers(-1, 16), fields=st.dictionaries(st.integers(1, 5), VALUES, max_size=5))
@settings(max_examples=300)
def test_any_map_is_a_message_or_a_peer_error(kind: int, fields: Mapping[int, Any]) -> None:
    reads_back_or_refuses(cbor.encode({0: kind, **fields}))


@given(VALUES)
def test_any_entry_is_one_or_a_peer_error(entry: Any) -> None:
    reads_back_or_refuses(cbor.encode({0: 2, 1: 0, 2: [entry], 3: True}))


@given(st.lists(VALUES, min_size=4, max_size=6))
def test_any_parts_of_an_entry_are_one_or_a_peer_error(parts: list[Any]) -> None:
    reads_back_or_refuses(cbor.encode({0: 2, 1: 0, 2: [[[b"a"], *parts[1:]]], 3: True}))


@given(message=MESSAGES, data=st.data())
def test_a_message_cut_short_is_refused(message: m.Message, data: st.DataObject) -> None:
    body = encode(message)
    with pytest.raises(PeerError):
        decode(body[: data.draw(st.integers(0, len(body) - 1))])


@given(message=MESSAGES, more=st.binary(min_size=1, max_size=8))
def test_bytes_behind_a_message_are_refused(message: m.Message, more: bytes) -> None:
    with pytest.raises(PeerError, match=r"^encoding 1\.1:"):
        decode(encode(message) + more)


@given(message=MESSAGES, data=st.data())
@settings(max_examples=300)
def test_a_flipped_bit_is_another_message_or_a_peer_error(message: m.Message, data: st.DataObject) -> None:
    body = bytearray(encode(message))
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    body[bit // 8] ^= 1 << bit % 8
    reads_back_or_refuses(bytes(body))


@EACH_KIND
@given(data=st.data())
@settings(max_examples=15)
def test_an_unknown_field_is_refused(kind: type[m.Message], data: st.DataObject) -> None:
    """What one side ignores, another may act on."""
    fields: Any = cbor.decode(encode(data.draw(OF_EACH_KIND[kind])))
    unknown = data.draw(st.integers(5, 255))
    with pytest.raises(PeerError, match=rf"^handover 2\.{fields[0]}:"):
        decode(cbor.encode(fields | {unknown: data.draw(VALUES)}))


@EACH_KIND
@given(data=st.data())
@settings(max_examples=15)
def test_a_missing_field_is_refused(kind: type[m.Message], data: st.DataObject) -> None:
    fields: Any = cbor.decode(encode(data.draw(OF_EACH_KIND[kind])))
    required = [key for key in fields if key and not (fields[0] == 2 and key == 4)]
    for key in required:
        with pytest.raises(PeerError, match=rf"^handover 2\.{fields[0]}:"):
            decode(cbor.encode({k: v for k, v in fields.items() if k != key}))


@EACH_KIND
@given(data=st.data())
@settings(max_examples=15)
def test_another_type_is_refused(kind: type[m.Message], data: st.DataObject) -> None:
    """Also true where a number belongs, and the other way round: True == 1 to Python."""
    fields: Any = cbor.decode(encode(data.draw(OF_EACH_KIND[kind])))
    strangers: list[Any] = [True, 1, -1, None, b"x" * 31, "x", {}, [1]]
    for key in [key for key in fields if key]:
        for stranger in strangers:
            if type(stranger) is not type(fields[key]):
                with pytest.raises(PeerError, match=rf"^handover 2\.{fields[0]}:"):
                    decode(cbor.encode(fields | {key: stranger}))


def test_a_message_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(PeerError, match=r"^handover 1\.2:"):
        decode(bytes(MESSAGE_BYTES_MAX + 1))


# --- what we say ourselves, at the limits --------------------------------------------------------


def said(effects: Iterable[Effect]) -> list[m.Message]:
    """The messages among effects; each fits a frame and is read as what was said."""
    messages = [effect.message for effect in effects if isinstance(effect, Say)]
    for message in messages:
        body = encode(message)
        assert len(body) <= MESSAGE_BYTES_MAX <= CONTROL_BODY_MAX
        assert decode(body) == message
    return messages


def entry(path: tuple[bytes, ...], size: int = codec.SIZE_MAX) -> m.Entry:
    return m.Entry(path=path, kind=m.EntryKind.FILE, size=size, mtime_ns=-codec.MTIME_NS_MAX, executable=True)


LONGEST = (b"x" * 255,) * (PATH_BYTES_MAX // 256)
MOST_NAMES = (b"y" * 39,) * 100
SHORTEST = (b"z",)


@pytest.mark.parametrize("path", [LONGEST, MOST_NAMES, (b"a",) * 100, SHORTEST], ids=len)
def test_pages_of_an_offer_fit(path: tuple[bytes, ...]) -> None:
    offered = [entry(path)] * 3000
    pages = said(Sender(offered, aes=True, note="n" * codec.NOTE_BYTES_MAX).hear(m.Hello(aes=True)))[1:]
    receiver = Receiver(aes=True)
    receiver.hear(m.Hello(aes=True))
    shown = [effect for page in pages for effect in receiver.hear(page)]
    assert len(shown) == 1  # the whole offer came through
    assert [page for page in pages if isinstance(page, m.Offer) and page.last] == pages[-1:]


def test_a_large_offer_and_the_worst_choice_fit() -> None:
    offered = [entry(SHORTEST, size=0)] * 30_000
    pages = said(Sender(offered, aes=True).hear(m.Hello(aes=True)))[1:]
    assert sum(len(page.entries) for page in pages if isinstance(page, m.Offer)) == len(offered)
    receiver = Receiver(aes=True)
    receiver.hear(m.Hello(aes=True))
    for page in pages:
        receiver.hear(page)
    every_other = range(1, len(offered), 2)  # the worst case for ranges
    accepts = said(receiver.accept(every_other))
    sender = Sender(offered, aes=True)
    said(sender.hear(m.Hello(aes=True)))
    to_send: list[m.Range] = []
    for message in accepts:
        for effect in sender.hear(message):
            if isinstance(effect, SendFiles):
                to_send += effect.ranges
    assert to_send == [(number, 1) for number in every_other]


def test_all_receipts_after_a_break_fit() -> None:
    done = range(0, codec.NUMBER_MAX + 1, 2)
    receiver = Receiver.resumed(aes=True, wanted={}, done=done, held={})
    says = said(receiver.hear(m.Hello(aes=True)))
    assert sum(len(page.ranges) for page in says if isinstance(page, m.Receipt)) == len(done)


def test_all_checks_after_a_break_fit() -> None:
    wanted = {number: entry(SHORTEST) for number in range(100_000, 110_000)}
    last = codec.CHUNKS_MAX - 1
    held = {number: {last: bytes(32)} for number in wanted}
    receiver = Receiver.resumed(aes=True, wanted=wanted, done=(), held=held)
    says = said(receiver.hear(m.Hello(aes=True)))
    assert sum(len(page.files) for page in says if isinstance(page, m.Check)) == len(wanted)


def test_a_long_manifest_and_the_most_torn_file_fit() -> None:
    """Every second chunk of a long file is right: more ranges than one message may hold."""
    chunks = 20_001
    offered = [entry(SHORTEST, size=chunks * CHUNK_BYTES)]
    hashes = [index.to_bytes(32, "big") for index in range(chunks)]
    held = {index: hashes[index] for index in range(0, chunks, 2)}
    receiver = Receiver.resumed(aes=True, wanted={0: offered[0]}, done=(), held={0: held})
    sender = Sender.resumed(offered, wanted=[0], aes=True)
    said(sender.hear(m.Hello(aes=True)))
    asked = [effect for check in said(receiver.hear(m.Hello(aes=True))) for effect in sender.hear(check)]
    assert asked == [HashChunks(number=0, chunks=chunks)]
    wants = [want for page in said(sender.hashed(0, hashes)) for want in said(receiver.hear(page))]
    asked = [effect for want in wants for effect in sender.hear(want)]
    chosen = wants[0]
    assert isinstance(chosen, m.WantChunks)
    assert len(chosen.ranges) == codec.RANGES_MAX
    assert sum(chosen.ranges[-1]) == chunks
    assert asked == [SendChunks(number=0, ranges=chosen.ranges, told=tuple(hashes))]


def test_the_highest_numbers_fit() -> None:
    """Chunk numbers that take five bytes each, and as many ranges as one message may hold."""
    end = codec.CHUNKS_MAX
    spread = tuple((end - 3 * place - 2, 2) for place in reversed(range(codec.RANGES_MAX)))
    body = encode(m.WantChunks(number=codec.NUMBER_MAX, ranges=spread))
    assert len(body) <= MESSAGE_BYTES_MAX
    decode(body)

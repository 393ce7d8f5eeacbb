"""Files that arrive: any cut, any order, any number of pipes, and each is whole once; limits hold."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.blobs import records
from satchel.core.blobs.chunks import CHUNK_BYTES, chunk_count, hash_chunk
from satchel.core.blobs.incoming import (
    OPEN_CHUNKS_MAX,
    Arrival,
    Finish,
    Incoming,
    PutWhole,
    ReadBack,
    Write,
)
from satchel.errors import PeerError

CONTENTS = {
    0: b"",
    1: b"short",
    2: random.Random(2).randbytes(CHUNK_BYTES),
    3: random.Random(3).randbytes(2 * CHUNK_BYTES + 3),
}


class Owner:
    """Carries out what Incoming asks for, and refuses what is whole already."""

    def __init__(self, sizes: dict[int, int]) -> None:
        self.sizes = sizes
        self.files = {number: bytearray(min(size, 4 * CHUNK_BYTES)) for number, size in sizes.items()}
        self.whole: list[int] = []
        self.read_bytes = 0
        self.incoming = Incoming(self.size_of)

    def size_of(self, number: int) -> int:
        if number not in self.sizes or number in self.whole:
            raise PeerError("handover 4.3: content that was not asked for")
        return self.sizes[number]

    def hear(self, frame: bytes, parts: int = 1) -> list[Arrival]:
        arrivals = []
        for arrival in self.incoming.hear(memoryview(frame)):
            arrivals.append(arrival)
            match arrival:
                case Write(number=number, offset=offset, data=data):
                    self.files[number][offset : offset + len(data)] = data
                case ReadBack():
                    self.give_back(arrival, parts)
                case PutWhole(number=number, data=data):
                    self.files[number][:] = data
                    self.whole.append(number)
                case Finish(number=number):
                    self.whole.append(number)
        return arrivals

    def give_back(self, back: ReadBack, parts: int) -> None:
        step = -(-back.length // parts)
        for at in range(back.offset, back.offset + back.length, step):
            end = min(at + step, back.offset + back.length)
            self.incoming.read_back(back, memoryview(self.files[back.number])[at:end])
        self.read_bytes += back.length


def all_records(number: int, chance: random.Random) -> list[bytes]:
    """A file in records, cut by chance."""
    content = CONTENTS[number]
    if chunk_count(len(content)) == 1 and chance.random() < 0.3:
        return [records.whole(number, content)]
    cut = []
    for index in range(chunk_count(len(content))):
        chunk = content[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
        within = range(1, len(chunk))
        cuts = sorted(chance.sample(within, min(len(within), chance.randrange(20))))
        for at, end in zip([0, *cuts], [*cuts, len(chunk)], strict=True):
            cut.append(records.piece(number, index, at, chunk[at:end]))
        cut.append(records.digest(number, index, chunk))
    return [*cut, records.end(number, content)]


@settings(max_examples=60)
@given(st.integers(0, 1 << 32), st.integers(1, 3))
def test_any_cut_of_files_in_any_order_makes_each_whole_once(seed: int, parts: int) -> None:
    chance = random.Random(seed)
    owner = Owner({number: len(content) for number, content in CONTENTS.items()})
    mixed = [record for number in CONTENTS for record in all_records(number, chance)]
    chance.shuffle(mixed)
    at = 0
    while at < len(mixed):
        count = chance.randrange(1, 9)
        owner.hear(b"".join(mixed[at : at + count]), parts)
        at += count
    assert sorted(owner.whole) == sorted(CONTENTS)
    assert owner.files == CONTENTS


@settings(max_examples=30)
@given(st.integers(0, 1 << 32))
def test_what_comes_in_order_is_not_read_back(seed: int) -> None:
    """The disk is asked for nothing where one pipe does all, or where pipes are not far apart."""
    chance = random.Random(seed)
    owner = Owner({number: len(content) for number, content in CONTENTS.items()})
    for number in CONTENTS:
        owner.hear(b"".join(all_records(number, chance)))
    assert owner.whole == sorted(CONTENTS)
    assert owner.read_bytes == 0


@settings(max_examples=60)
@given(st.integers(0, 1 << 32), st.data())
def test_one_record_that_lacks_keeps_a_file_from_being_whole(seed: int, data: st.DataObject) -> None:
    chance = random.Random(seed)
    owner = Owner({3: len(CONTENTS[3])})
    cut = all_records(3, chance)
    chance.shuffle(cut)
    last = cut.pop(data.draw(st.integers(0, len(cut) - 1)))
    owner.hear(b"".join(cut))
    assert not owner.whole
    owner.hear(last)
    assert owner.whole == [3]
    assert owner.files[3] == CONTENTS[3]


@settings(max_examples=60)
@given(st.integers(0, 1 << 32), st.data())
def test_a_changed_byte_of_content_never_becomes_a_file(seed: int, data: st.DataObject) -> None:
    """Whatever was hashed as it came or read back later."""
    chance = random.Random(seed)
    number = data.draw(st.sampled_from([1, 3]))
    owner = Owner({number: len(CONTENTS[number])})
    cut = [bytearray(record) for record in all_records(number, chance)]
    record = data.draw(st.sampled_from([one for one in cut if one[0] in (1, 4)]))
    head = 17 if record[0] == 1 else 9
    record[head + data.draw(st.integers(0, len(record) - head - 1))] ^= 1
    chance.shuffle(cut)
    with pytest.raises(PeerError, match=r"^handover 4\.2:"):
        owner.hear(b"".join(cut))
    assert not owner.whole


SMALL = {0: 0, 1: 5, 2: CHUNK_BYTES + 2, 3: 7}
INDEXES = st.integers(0, 2)
PARTS = st.integers(0, 8) | st.sampled_from([CHUNK_BYTES - 1, CHUNK_BYTES, 1 << 31])
ANY_RECORD = st.one_of(
    st.builds(records.piece, st.integers(0, 4), INDEXES, PARTS, st.binary(max_size=8)),
    st.builds(records.digest, st.integers(0, 4), INDEXES, st.binary(max_size=8)),
    st.builds(records.end, st.integers(0, 4), st.binary(max_size=8)),
    st.builds(records.whole, st.integers(0, 4), st.binary(max_size=8)),
    st.binary(max_size=60),
)


@settings(max_examples=300)
@given(st.lists(ANY_RECORD, max_size=12), st.sets(st.sampled_from([1, 2, 3]), max_size=1))
def test_any_records_are_taken_or_a_peer_error(frames: list[bytes], dropped: set[int]) -> None:
    owner = Owner(SMALL)
    for number in dropped:
        owner.incoming.drop(number)
    try:
        for frame in frames:
            for arrival in owner.hear(frame):
                assert arrival.number not in dropped
    except PeerError:
        return
    assert len(owner.whole) == len(set(owner.whole))
    for number in owner.whole:
        assert len(owner.files[number]) == SMALL[number]


# --- limits --------------------------------------------------------------------------------------


def test_open_chunks_are_bounded_over_all_files() -> None:
    """M3: each costs memory, whether it began with a piece or with a hash."""
    size = OPEN_CHUNKS_MAX * CHUNK_BYTES
    owner = Owner({0: size, 1: size})
    for index in range(OPEN_CHUNKS_MAX // 2):
        owner.hear(records.piece(0, index, 3, b"x") + records.digest(1, index, b""))
    with pytest.raises(PeerError, match=r"^handover 4\.3: too many chunks"):
        owner.hear(records.digest(0, OPEN_CHUNKS_MAX // 2, b""))


def test_chunks_of_a_file_that_was_given_up_and_whole_ones_make_room() -> None:
    size = OPEN_CHUNKS_MAX * CHUNK_BYTES
    last = OPEN_CHUNKS_MAX - 1
    owner = Owner({0: size, 1: size, 2: 3})
    for index in range(last):
        owner.hear(records.piece(0, index, 3, b"x"))
    owner.hear(records.chunk(2, 0, b"abc") + records.end(2, b"abc"))
    assert owner.whole == [2]
    owner.incoming.drop(0)
    for index in range(OPEN_CHUNKS_MAX):
        owner.hear(records.digest(1, index, b""))
    with pytest.raises(PeerError, match=r"^handover 4\.3: a chunk that was not asked for"):
        owner.hear(records.digest(1, OPEN_CHUNKS_MAX, b""))


def test_chunks_that_were_kept_only_need_the_root() -> None:
    content = CONTENTS[3]
    chunks = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
    owner = Owner({3: len(content)})
    owner.incoming.keep(3, dict(enumerate(map(hash_chunk, chunks))))
    owner.hear(records.end(3, content))
    assert owner.whole == [3]


def test_chunks_that_were_kept_and_others_make_one_root() -> None:
    content = CONTENTS[3]
    owner = Owner({3: len(content)})
    owner.incoming.keep(3, {1: hash_chunk(content[CHUNK_BYTES : 2 * CHUNK_BYTES])})
    owner.hear(records.end(3, content) + records.chunk(3, 2, content[2 * CHUNK_BYTES :]))
    assert not owner.whole
    owner.hear(records.chunk(3, 0, content[:CHUNK_BYTES]))
    assert owner.whole == [3]


def test_what_was_kept_wrong_does_not_make_a_file() -> None:
    content = CONTENTS[1]
    owner = Owner({1: len(content)})
    owner.incoming.keep(1, {0: hash_chunk(b"other")})
    with pytest.raises(PeerError, match=r"^handover 4\.4:"):
        owner.hear(records.end(1, content))

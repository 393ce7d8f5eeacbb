"""Archives of somebody hostile: every number wrong, circles, bombs. Each is refused, in little time and room
(B1)."""

import io
import lzma
import struct
import tracemalloc
import zlib
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from books.zim_maker import Hand, Laid, cluster
from satchel.books.formats.zim import clusters as clusters_module
from satchel.books.formats.zim import examine, open
from satchel.books.formats.zim.archive import Archive, numbers
from satchel.books.unfit import Why, why_of
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import RESOURCE_BYTES_MAX

PAGES = [Laid(f"Cp{n}", f"T{n}", f"<p>page {n}</p>".encode()) for n in range(5)]
WHOLE = Hand([*PAGES, Laid("MTitle", "", b"Book", "text/plain")], main=0)
HUGE = (1 << 63) + 5


def refused(data: bytes) -> Why:
    """By examining, or by reading what it has."""
    with pytest.raises(UnfitBook) as problem:
        read_all(data)
    return why_of(problem.value)


def read_all(data: bytes) -> None:
    list(examine(io.BytesIO(data), "a.zim"))
    book = open(io.BytesIO(data))
    for chapter in book.outline():
        book.fetch(f"file/{chapter.place}")
        book.fetch(f"chapter/{chapter.place}")


def with_header(**values: int) -> bytes:
    return Hand(WHOLE.entries, main=0, header=values).write()


def test_the_one_that_is_broken_below_is_whole() -> None:
    read_all(WHOLE.write())


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("magic", 0x144D495A, Why.DAMAGED),
        ("major", 4, Why.NOT_READ_HERE),
        ("major", 7, Why.NOT_READ_HERE),
        ("entries", 0, Why.EMPTY),
        ("entries", 7, Why.DAMAGED),
        ("entries", 0xFFFFFFFF, Why.DAMAGED),
        ("clusters", 0, Why.EMPTY),
        ("clusters", 0xFFFFFFFF, Why.DAMAGED),
        ("paths", 0, Why.DAMAGED),
        ("paths", 79, Why.DAMAGED),
        ("paths", 1 << 40, Why.DAMAGED),
        ("paths", HUGE, Why.DAMAGED),
        ("paths", 85, Why.DAMAGED),
        ("titles", 5, Why.DAMAGED),
        ("titles", 1 << 40, Why.DAMAGED),
        ("titles", HUGE, Why.DAMAGED),
        ("cluster_list", 0, Why.DAMAGED),
        ("cluster_list", 1 << 40, Why.DAMAGED),
        ("cluster_list", HUGE, Why.DAMAGED),
        ("types", 0, Why.DAMAGED),
        ("types", 1 << 40, Why.DAMAGED),
        ("types", HUGE, Why.DAMAGED),
        ("main", 6, Why.DAMAGED),
        ("main", 0xFFFFFFFE, Why.DAMAGED),
        ("checksum", 1 << 40, Why.NOT_WHOLE),
        ("checksum", HUGE, Why.NOT_WHOLE),
        ("checksum", 0, Why.DAMAGED),
    ],
)
def test_a_header_with_any_wrong_number_is_refused(field: str, value: int, why: Why) -> None:
    assert refused(with_header(**{field: value})) is why


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            (field, value)
            for field in ("paths", "cluster_list", "types", "titles")
            for value in (79, 1 << 40, HUGE)
        ),
        ("entries", 0xFFFFFFFF),
        ("clusters", 0xFFFFFFFF),
        ("main", 6),
    ],
)
def test_a_list_outside_is_seen_before_anything_is_looked_up(field: str, value: int) -> None:
    with pytest.raises(UnfitBook):
        Archive(io.BytesIO(with_header(**{field: value})))


def test_entries_and_clusters_end_where_the_header_says() -> None:
    looks_like_an_entry = b"\0\0\0C" + bytes(12) + b"zz\0\0"
    archive = Archive(io.BytesIO(Hand([Laid("Ca", "A", b"x")], cluster=looks_like_an_entry).write()))
    with pytest.raises(UnfitBook):
        archive.entry(1)
    two = Hand([Laid("Ca", "A", b"x", cluster=1)], clusters=2)
    assert Archive(io.BytesIO(two.write())).size(Archive(io.BytesIO(two.write())).entry(0)) == 1
    two.header = {"clusters": 1}
    archive = Archive(io.BytesIO(two.write()))
    with pytest.raises(UnfitBook):
        archive.size(archive.entry(0))


def test_a_list_of_titles_has_whole_numbers() -> None:
    listing = Laid("Xlisting/titleOrdered/v1", "", b"\1\0\0\0\0\0", "application/octet-stream")
    front = Archive(io.BytesIO(Hand([*PAGES, listing]).write())).front()
    assert front is not None
    assert list(numbers(front)) == [1]


@pytest.mark.parametrize("length", [0, 3, 79, 80, 200])
def test_one_that_is_cut_is_not_whole(length: int) -> None:
    assert refused(WHOLE.write()[:length]) is Why.NOT_WHOLE
    assert refused(WHOLE.write()[:-1]) is Why.NOT_WHOLE


def test_types_that_do_not_end_are_refused() -> None:
    data = bytearray(WHOLE.write())
    assert refused(with_header(types=len(data) - 17)) is Why.DAMAGED
    long = Hand([Laid("Ca", "", b"x", "t" * 256)])
    assert refused(long.write()) is Why.DAMAGED


def entries_of(one: Laid, **options: Any) -> bytes:
    return Hand([*PAGES, one], main=5, **options).write()


@pytest.mark.parametrize(
    "one",
    [
        Laid("Cz", "T", b"x", raw_type=9),
        Laid("Cz", "T", b"x", raw_type=0xFFFC),
        Laid("Cz", "T", b"x", cluster=1),
        Laid("Cz", "T", b"x", cluster=0xFFFFFFFF),
        Laid("Cz", "T", b"x", blob=6),
        Laid("Cz", "T", b"x", blob=0xFFFFFFFF),
        Laid("Cz", "T", target=6),
        Laid("Cz", "T", target=0xFFFFFFFE),
        Laid("Cz", "T", target=5),  # itself
        Laid("C" + "z" * 20_000, "T", b"x"),
    ],
)
@pytest.mark.parametrize("compression", [1, 5])
def test_an_entry_that_points_behind_the_end_or_at_itself_is_refused(one: Laid, compression: int) -> None:
    assert refused(entries_of(one, compression=compression)) is Why.DAMAGED


def test_a_circle_of_redirects_is_refused() -> None:
    circle = [Laid(f"Cr{n:02}", "R", target=(n + 1) % 40) for n in range(40)]
    assert refused(Hand([*circle, Laid("Cz", "", b"x")], main=3).write()) is Why.DAMAGED


def test_a_long_way_of_redirects_ends_and_a_short_one_arrives() -> None:
    way = [Laid(f"Cr{n:03}", "R", target=n + 1) for n in range(100)]
    data = Hand([*way, Laid("Cz", "", b"arrived")]).write()
    archive = Archive(io.BytesIO(data))
    assert archive.body(archive.resolve(archive.entry(70))) == b"arrived"
    with pytest.raises(UnfitBook):
        archive.resolve(archive.entry(60))


def test_a_title_list_with_wrong_numbers_is_refused() -> None:
    assert refused(Hand(PAGES, by_title=[0, 1, 2, 3, 9]).write()) is Why.DAMAGED


def test_places_of_entries_outside_of_the_archive_are_refused() -> None:
    data = bytearray(WHOLE.write())
    paths_at = struct.unpack_from("<Q", data, 32)[0]
    for place in (0, 79, len(data), 1 << 62, HUGE):
        struct.pack_into("<Q", data, paths_at, place)
        assert refused(bytes(data)) is Why.DAMAGED


def test_a_place_of_a_cluster_outside_of_the_archive_is_refused() -> None:
    data = bytearray(WHOLE.write())
    clusters_at = struct.unpack_from("<Q", data, 48)[0]
    for place in (0, len(data) - 16, 1 << 62, HUGE):
        struct.pack_into("<Q", data, clusters_at, place)
        assert refused(bytes(data)) is Why.DAMAGED


def of_cluster(body: bytes) -> bytes:
    return Hand([Laid("Ca", "A", b""), Laid("Cb", "B", b"")], cluster=body, main=0).write()


def offsets(*numbers: int, kind: str = "I") -> bytes:
    return struct.pack(f"<{len(numbers)}{kind}", *numbers)


def with_offsets(numbers: tuple[int, ...], compression: int, is_extended: bool) -> Archive:
    """Of two bodies that lie there; twice the numbers where an offset has twice the bytes."""
    scale, kind = (2, "Q") if is_extended else (1, "I")
    data = offsets(*(number * scale for number in numbers), kind=kind) + b"some bytes of it"
    packed = {4: lzma.compress, 5: zstandard.ZstdCompressor().compress}.get(compression, bytes)(data)
    info = bytes([compression | (0x10 if is_extended else 0)])
    return Archive(io.BytesIO(of_cluster(info + packed)))


def reasons(archive: Archive, number: int) -> list[Why]:
    """Why neither the size nor the body of an entry can be had."""
    found = []
    for look in (archive.size, archive.body):
        with pytest.raises(UnfitBook) as problem:
            look(archive.entry(number))
        found.append(why_of(problem.value))
    return found


@pytest.mark.parametrize("is_extended", [False, True])
@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        ((0, 0, 0), (0, 1)),
        ((3, 4, 5), (0, 1)),
        ((8, 9, 10), (1,)),  # too short a list for two
        ((12, 11, 13), (0, 1)),  # backwards, and into the list
        ((12, 4, 13), (0, 1)),
        ((12, 13, 12), (1,)),
        ((12, 14, 13), (1,)),
        ((12, 13, 0xFFFFFFFF), (1,)),  # behind the end
        ((0xFFFFFFFC, 13, 14), (0, 1)),  # a list without end
    ],
)
@pytest.mark.parametrize("compression", [0, 1, 4, 5])
def test_a_cluster_with_wrong_offsets_is_refused(
    numbers: tuple[int, ...], wrong: tuple[int, ...], compression: int, is_extended: bool
) -> None:
    archive = with_offsets(numbers, compression, is_extended)
    for number in wrong:
        assert set(reasons(archive, number)) <= {Why.DAMAGED, Why.PART_TOO_LARGE}


@pytest.mark.parametrize("compression", [4, 5])
def test_the_last_offset_is_the_end_of_what_is_opened(compression: int) -> None:
    for wrong in ((12, 13, 12), (12, 14, 13)):
        assert reasons(with_offsets(wrong, compression, False), 0) == [Why.DAMAGED] * 2
    for wrong in ((12, 13, 0xFFFFFFFF), (0xFFFFFFFC, 13, 14)):
        assert reasons(with_offsets(wrong, compression, False), 0) == [Why.PART_TOO_LARGE] * 2


@pytest.mark.parametrize("compression", [2, 3, 6, 15])
def test_what_is_compressed_in_another_way_is_not_read(compression: int) -> None:
    assert refused(of_cluster(bytes([compression]) + bytes(100))) is Why.NOT_READ_HERE


@pytest.mark.parametrize(
    ("compression", "damage"),
    [(4, "bits"), *((kind, damage) for kind in (4, 5) for damage in ("cut", "garbage", "nothing"))],
)
def test_a_cluster_that_does_not_decompress_is_refused(compression: int, damage: str) -> None:
    made = bytearray(cluster([b"one" * 500, bytes(range(256)) * 8], compression, False))
    match damage:
        case "cut":
            del made[len(made) // 2 :]
        case "bits":
            made[20:40] = bytes(byte ^ 0x5A for byte in made[20:40])
        case "garbage":
            made[1:] = b"\xa5" * 100
        case "nothing":
            del made[1:]
    assert refused(of_cluster(bytes(made))) is Why.DAMAGED


def filled(size: int, compression: int, head: bytes) -> bytes:
    """`head`, and so many bytes more, compressed without being there at once."""
    out = bytearray()
    block = b"x" * (1 << 20)
    if compression == 4:
        packer: Any = lzma.LZMACompressor(preset=0)
    else:
        packer = zstandard.ZstdCompressor(level=1).compressobj()
    out += packer.compress(head)
    for _ in range(size >> 20):
        out += packer.compress(block)
    return bytes(out + packer.flush())


@pytest.mark.parametrize("compression", [4, 5])
def test_a_bomb_is_refused_before_it_is_opened(compression: int) -> None:
    """A few kilobytes that open to four gigabytes: here, as its list says, one of 96 MiB."""
    head = offsets(12, 13, 96 << 20)
    data = of_cluster(bytes([compression]) + filled(96 << 20, compression, head))
    assert len(data) < 256 << 10
    tracemalloc.start()
    try:
        assert refused(data) is Why.PART_TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compression", [4, 5])
def test_no_more_is_opened_than_the_list_names(compression: int) -> None:
    head = offsets(12, 13, 14)
    data = of_cluster(bytes([compression]) + filled(96 << 20, compression, head))
    tracemalloc.start()
    try:
        read_all(data)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_list_of_a_whole_cluster_is_not_made_a_list_of_numbers() -> None:
    first = 16 << 20
    data = offsets(first, first, first) + bytes(first - 16) + offsets(first)
    made = of_cluster(b"\x05" + zstandard.ZstdCompressor().compress(data))
    tracemalloc.start()
    try:
        read_all(made)
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


def test_a_window_or_a_dictionary_of_gigabytes_is_refused() -> None:
    body = offsets(12, 13, 14) + bytes(1000)
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(body) + packer.flush()
    assert refused(of_cluster(b"\x05" + packed)) is Why.DAMAGED
    head = lzma.compress(body, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}])
    # 8 + 4 bytes before the filter, whose last byte is the size of the dictionary (xz format 5.3.1)
    block = bytearray(head[12:24])
    assert block[2:4] == b"\x21\x01"
    block[4] = 36  # 1 GiB
    block[8:12] = struct.pack("<I", zlib.crc32(bytes(block[:8])))
    assert refused(of_cluster(b"\x04" + head[:12] + bytes(block) + head[24:])) is Why.DAMAGED


def test_what_is_too_large_has_a_sentence_and_the_rest_is_read() -> None:
    size = RESOURCE_BYTES_MAX + 1
    body = b"\x01" + offsets(12, 13, 13 + size) + b"x" + bytes(size)
    data = of_cluster(body)
    book = open(io.BytesIO(data))
    assert book.fetch("file/a").body == b"x"
    with pytest.raises(UnfitBook) as problem:
        book.fetch("file/b")
    assert why_of(problem.value) is Why.PART_TOO_LARGE
    assert problem.value.do


def test_opened_clusters_are_kept_only_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40 clusters, all in one place of the file: none is opened again while there is room for it."""
    opened: list[int] = []
    real = clusters_module._open

    def counted(read: Any, offset_bytes: int) -> bytes:
        opened.append(offset_bytes)
        return real(read, offset_bytes)

    monkeypatch.setattr(clusters_module, "_open", counted)
    monkeypatch.setattr(clusters_module, "KEPT_BYTES_MAX", 10 * 1008)
    entries = [Laid(f"Ca{n:02}", "A", b"y" * 1000, cluster=n, blob=0) for n in range(40)]
    data = Hand(entries, compression=5, cluster=cluster([b"y" * 1000], 5, False), clusters=40).write()
    archive = Archive(io.BytesIO(data))
    for _ in range(3):
        for number in range(10):
            assert archive.body(archive.entry(number)) == b"y" * 1000
    assert len(opened) == 10
    for number in range(40):
        archive.body(archive.entry(number))
    assert len(opened) == 40
    archive.body(archive.entry(0))
    assert len(opened) == 41


SEED = Hand(
    [*PAGES, Laid("Cr", "R", target=2), Laid("MTitle", "", b"B", "text/plain")], compression=5, main=0
)


@given(st.lists(st.tuples(st.integers(0, len(SEED.write()) - 1), st.integers(0, 255)), max_size=8))
def test_any_change_is_refused_or_read(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEED.write())
    for at, value in changes:
        data[at] = value
    try:
        read_all(bytes(data))
    except (UnfitBook, NothingToDo):
        return

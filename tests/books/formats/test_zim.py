"""Archives that the tools of openZIM write are read as those read them: entry for entry, byte for byte."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
from libzim.reader import Archive as Theirs

from books.zim_maker import Hand, Laid, Page, Redirect, with_libzim
from satchel.books.formats.zim.archive import Archive, numbers

WORDS = "كلمات في كتاب и слова в книге and words in a book "


def page(number: int) -> Page:
    folder = ("", "قسم/", "deep/er/", "A/")[number % 4]
    path = f"{folder}{'صفحة' if number % 3 else 'page'}_{number:05} ü?#%"
    body = f"<html><body><h1>{number}</h1><p>{WORDS * (number % 40)}</p></body></html>".encode()
    return Page(
        path, f"Title {number * 7919 % 10_007}" if number % 5 else "", body, is_compressed=number % 7 > 0
    )


PICTURES = [Page(f"i/{n}.png", "", bytes([n]) * n * 100, "image/png", is_front=False) for n in range(1, 20)]


def same(path: Path) -> Archive:
    """Compare all of an archive with what libzim reads of it."""
    ours, theirs = Archive(io.BytesIO(path.read_bytes())), Theirs(path)
    assert ours.header.entries == theirs.all_entry_count
    assert ours.is_old != theirs.has_new_namespace_scheme
    keys = []
    for number in range(ours.header.entries):
        mine, other = ours.entry(number), theirs._get_entry_by_id(number)
        keys.append(mine.key)
        assert (mine.path.decode(), mine.title) == (other.path, other.title)
        assert (mine.target is not None) == other.is_redirect
        if mine.target is not None:
            assert mine.target == other.get_redirect_entry()._index
            continue
        item = other.get_item()
        assert (mine.media_type, ours.size(mine)) == (item.mimetype, item.size)
        assert ours.body(mine) == bytes(item.content)
        assert ours.find(mine.namespace, mine.path) == mine
    assert all(one < other for one, other in pairwise(keys))
    assert (ours.main() is not None) == theirs.has_main_entry
    main = ours.main()
    if main is not None:
        assert main.path.decode() == theirs.main_entry.get_item().path
    for name in theirs.metadata_keys:
        assert ours.metadata(name) == bytes(theirs.get_metadata(name))
    front = ours.front()
    assert front is not None
    assert len(list(numbers(front))) == theirs.article_count
    return ours


@pytest.mark.parametrize("compression", ["zstd", "none"])
@pytest.mark.parametrize("cluster_bytes", [1 << 16, 2 << 20])
def test_both_read_the_same(tmp_path: Path, compression: str, cluster_bytes: int) -> None:
    pages = [page(number) for number in range(400)]
    archive = same(
        with_libzim(
            tmp_path / "a.zim",
            [*pages, *PICTURES],
            [
                Redirect("r1", "One", pages[9].path),
                Redirect("r2", "Two", "r1"),
                Redirect("قسم/r", "Three", "r2"),
            ],
            main=pages[3].path,
            compression=compression,
            cluster_bytes=cluster_bytes,
            metadata={"Title": "كتاب", "Language": "ara,rus", "Creator": "Amina"},
        )
    )
    assert archive.header.clusters > (1 if cluster_bytes > 1 << 20 else 5)
    third = archive.find("C", "قسم/r".encode())
    assert third is not None
    assert archive.resolve(third).path.decode() == pages[9].path


def test_both_read_the_same_of_one_without_a_main_page(tmp_path: Path) -> None:
    archive = same(with_libzim(tmp_path / "a.zim", [page(1)]))
    assert archive.main() is None


@pytest.mark.slow
def test_both_read_the_same_of_ten_thousand(tmp_path: Path) -> None:
    same(with_libzim(tmp_path / "a.zim", map(page, range(10_000)), main=page(77).path))


@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.parametrize("is_extended", [False, True])
@pytest.mark.parametrize("compression", [1, 4, 5])
def test_both_read_the_same_of_what_is_written_no_more(
    tmp_path: Path, minor: int, is_extended: bool, compression: int
) -> None:
    """xz, old namespaces, and offsets of eight bytes."""
    content = "C" if minor else "A"
    entries = [Laid(f"{content}p{n:03}", f"T{-n}", f"<p>{n} {WORDS * n}</p>".encode()) for n in range(50)]
    entries += [Laid("MTitle", "", "كتاب".encode(), "text/plain"), Laid(f"{content}redirect", "R", target=7)]
    data = Hand(
        entries, minor=minor, compression=compression, is_extended=is_extended, main=3, by_title=range(52)
    ).write()
    path = tmp_path / "a.zim"
    path.write_bytes(data)
    ours, theirs = Archive(io.BytesIO(data)), Theirs(path)
    assert ours.is_old == (minor == 0) != theirs.has_new_namespace_scheme
    prefix = "" if minor else "A/"
    for entry in entries[:50]:
        found = ours.find(content, entry.key[1:].encode())
        assert found is not None
        item = theirs.get_entry_by_path(prefix + entry.key[1:]).get_item()
        assert ours.body(found) == bytes(item.content) == entry.body
        assert found.title == item.title == entry.title
    assert ours.metadata("Title") == bytes(theirs.get_metadata("Title"))
    assert ours.metadata("Nothing") is None
    main = ours.main()
    assert main is not None
    assert main.path.decode() == "p003"
    assert len(list(ours.by_title())) == 52
    redirect = ours.find(content, b"redirect")
    assert redirect is not None
    assert ours.resolve(redirect).path == b"p007"


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    pages = [Page(name, name, b"x") for name in ("b", "d", "dd", "é")]
    archive = Archive(io.BytesIO(with_libzim(tmp_path / "a.zim", pages).read_bytes()))
    for path in ("", "a", "c", "D", "d\0", "d ", "ddd", "e", "z", "\U0010ffff" * 300):
        assert archive.find("C", path.encode()) is None
    assert archive.find("\0", b"b") is None
    assert archive.find("\xff", b"b") is None
    assert [archive.entry(number).path for number in archive.span("C")] == [b"b", b"d", b"dd", "é".encode()]

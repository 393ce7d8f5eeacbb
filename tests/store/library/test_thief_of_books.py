"""T1: who copies the disk of a profile with a library finds no title, word, cover, name or length in it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.core.identity.keyfile import encode, seal
from satchel.ports.library import EVERYTHING, BookNumber
from satchel.store.database import Database
from satchel.store.library.contents import TIME_NS
from satchel.store.library.opening import KeptLibrary
from satchel.store.profile import ProfileFolder
from store.library_samples import add, add_of, content_of, found, item_of, opened, passage, root_of, whole
from store.test_thief import CHEAP, KEY, PHRASE, copied, forms, unpacked

TITLES = ("How to recognise a landmine", "كيف تحمي نفسك من المراقبة", "Как выжить зимой", "急救手册第二版")
AUTHORS = ("Amina Yusuf al-Masri", "Наталья Шевченко")
WORDS = ("tourniquets", "противоядие", "العاصفة", "shelters")
SHELVES = ("For the women's group", "للعائلة فقط")
SETTING_ASIDE = "list of informants.epub"
INSIDE = b"what stands in the book itself, line after line. " * 300
COVER = b"\xff\xd8\xff\xe0 a cover as a JPEG begins " * 30


def sizes() -> list[int]:
    return [len(INSIDE) + 4097 * number + number for number in range(len(TITLES))]


def fill(library: KeptLibrary) -> None:
    for number, title in enumerate(TITLES):
        content = (INSIDE * 3)[: sizes()[number]]
        item = replace(
            item_of([content], title),
            authors=(AUTHORS[number % 2],),
            languages=("prs-AF",),
            subjects=("wounds!",),
        )
        book = add_of(library, item, content)
        library.index.put(book, [whole(title), passage(f"of {WORDS[number]} and more", "chapter-the-first")])
    add(library, content_of(9), title="With a cover of its own", cover=COVER)
    for name in SHELVES:
        library.shelves.put(library.shelves.make(name).number, [BookNumber(1), BookNumber(2)])
    library.catalogue.set_aside(SETTING_ASIDE, 7, what="It is not one.", do="See what it is.")


def corpus() -> list[bytes]:
    texts = (*TITLES, *AUTHORS, *WORDS, *SHELVES, SETTING_ASIDE, "prs-AF", "wounds!", "chapter-the-first")
    more = ("CREATE TABLE", "SQLite format 3", "fts5", "shelved", "text/plain")
    return [*(each.encode() for each in (*texts, *more)), INSIDE[:49], COVER[:30], root_of(COVER), KEY]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ProfileFolder]:
    with closing(ProfileFolder.take(tmp_path / "profile")) as taken:
        taken.create(encode(seal(KEY, PHRASE, salt=bytes(16), cost=CHEAP)), KEY)
        yield taken


def found_in(disk: dict[str, bytes]) -> set[bytes]:
    everything = b"\0".join(image for whole_one in disk.values() for image in unpacked(whole_one))
    return {secret for secret in corpus() if any(form in everything for form in forms(secret))}


def open_of(folder: ProfileFolder, database: Database) -> KeptLibrary:
    return opened(folder.home, database)


@pytest.mark.slow
def test_t1_nothing_of_a_library_is_on_the_disk(folder: ProfileFolder) -> None:
    """While it is open, and closed; in what is read, removed and renewed, too."""
    disks = []
    with closing(folder.open(KEY)) as database, closing(open_of(folder, database)) as library:
        fill(library)
        seen = plain_of(library)
        assert all(text.encode() in seen for text in (*TITLES, *AUTHORS, *SHELVES, SETTING_ASIDE))
        assert found(library, WORDS[1]) == [2]
        disks.append(copied(folder.home))
        assert {"rows", "rows-wal"} <= set(disks[0])
        assert len(disks[0]) == 8 + 6  # 3 databases with logs, key, lock; five books, a cover
        library.catalogue.remove([BookNumber(1)])
        library.index.remove([BookNumber(1)])
        library.renew()
        disks.append(copied(folder.home))
    disks.append(copied(folder.home))
    for disk in disks:
        assert found_in(disk) == set()


def test_t1_no_file_has_the_length_or_the_time_of_a_book(folder: ProfileFolder) -> None:
    with closing(folder.open(KEY)) as database, closing(open_of(folder, database)) as library:
        fill(library)
        numbers = library.catalogue.numbers(EVERYTHING)
        known = {library.catalogue.find(number).item.parts[0].size_bytes for number in numbers}
        assert known == {*sizes(), 5000}
        files = [path.stat() for path in (folder.home / "files").iterdir()]
        assert len(files) == 6
        for real in (*known, len(COVER)):
            assert not {real, real + 16} & {one.st_size for one in files}
        assert {(one.st_mtime_ns, one.st_atime_ns) for one in files} == {(TIME_NS, TIME_NS)}


@pytest.mark.parametrize("secret", [TITLES[1], AUTHORS[1], WORDS[0], SHELVES[0]])
def test_the_search_finds_what_lies_open(secret: str) -> None:
    assert secret.encode() in found_in({"rows": bytes(500) + secret.encode() + bytes(9)})


def plain_of(library: KeptLibrary) -> bytes:
    with library.catalogue._database.reading() as connection:  # type: ignore[attr-defined]
        return bytes(connection.serialize("main"))

"""Every shape by which a peer's file name has left the chosen folder in other programs (M4).

Two verdicts are possible: refused whole, or inside the folder under exactly that name. What is legal on
this disk arrives byte for byte, however it may look on a screen: showing it safely is the edge's job.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import NameRefused, PeerError
from satchel.ports import HandoverId
from satchel.store.landing import FolderLanding

ID = HandoverId(bytes(range(16)))
Snapshot = dict[str, tuple[int, int, int, int, str]]

REFUSED = {
    "LocalSend CVE-2025-27142: parent folders in the name": (b"../../x",),
    "LocalSend CVE-2025-27142: parent folders as components": (b"..", b"..", b"x"),
    "Warpinator CVE-2022-42725: a parent folder in the middle": (b"a", b"..", b"..", b"x"),
    "Warpinator CVE-2023-29380: the top folder is a parent": (b"..", b"x"),
    "magic-wormhole CVE-2026-32116: absolute": (b"/tmp/x",),
    "magic-wormhole CVE-2026-42448: absolute behind a folder": (b"a", b"/etc/passwd"),
    "croc CVE-2023-43616: a path where a name should be": (b"a/b",),
    "croc CVE-2023-43616: climbing out of a real folder": (b"a/../../x",),
    "croc CVE-2023-43619: the folder itself": (b".",),
    "Syncthing CVE-2017-1000420: through the parent": (b"a", b"..", b"x"),
    "copyparty CVE-2023-37474: hidden behind a current folder": (b".", b"..", b"x"),
    "copyparty CVE-2025-58753: only the parent": (b"..",),
    "nothing at all": (),
    "an empty name": (b"",),
    "an empty name in the middle": (b"a", b"", b"b"),
    "a name that ends early in C": (b"x\0.txt",),
    "a parent that ends early in C": (b"..\0x",),
    "256 bytes": (b"a" * 256,),
    "256 bytes in characters that look like 128": ("é".encode() * 128,),
    "101 folders deep": (b"d",) * 101,
    "more than 4096 bytes in all": (b"d" * 200,) * 21,
    "our own unfinished files": (b".satchel-" + ID.hex().encode(), b"0"),
    "a folder that looks like unfinished files": (b".satchel-",),
}

LEGAL = {
    "LocalSend CVE-2025-27142: backslashes are letters here": (b"..\\..\\x",),
    "a drive": (b"C:\\Windows\\x",),
    "a drive without a backslash": (b"C:", b"x"),
    "a share": (b"\\\\host\\share",),
    "three dots": (b"...", b"x"),
    "a home": (b"~", b".ssh", b"authorized_keys"),
    "another home": (b"~root",),
    "an option": (b"-rf", b"--help"),
    "a variable and a command": (b"$HOME", b"`id`", b"$(id);|&"),
    "an escaped slash": (b"%2e%2e%2f", b"..%c0%af"),
    "an overlong slash": (b"..\xc0\xafx",),
    "a full-width slash and dots": ("\uff0e\uff0e\uff0fx".encode(),),
    "a division slash": ("..\u2215x".encode(),),
    "terminal control": (b"\x1b]0;owned\x07\x1b[2J",),
    "a new line": (b"x\nrm -rf ~\r\t",),
    "written from right to left": ("photo\u202egpj.exe".encode(),),
    "invisible": ("\u200b\u2060\ufeff".encode(),),
    "not UTF-8": (b"\xff\xfe\x80",),
    "half a surrogate": (b"\xed\xa0\x80",),
    "only a space": (b" ",),
    "spaces and dots at the end": (b"x. . ", b"y..."),
    "devices of another system": (b"CON", b"aux.txt", b"NUL"),
    "a stream of another system": (b"x.txt::$DATA",),
    "255 bytes": (b"a" * 255,),
    "100 folders deep": (b"d",) * 100,
    "deleted": (b"x (deleted)",),
    "a name in brackets": (b"x (2)", b"x (2) (2).txt"),
    "our prefix, further down": (b"a", b".satchel-" + ID.hex().encode()),
    "our prefix, not at the front": (b"x.satchel-1",),
    "precomposed": ("é".encode(),),
    "decomposed": ("e\u0301".encode(),),
}


@pytest.fixture
def arena(tmp_path: Path) -> Path:
    """A chosen folder, and things beside it that must stay as they are."""
    (tmp_path / "into").mkdir()
    (tmp_path / "x").write_bytes(b"precious")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_bytes(b"precious")
    return tmp_path


@pytest.fixture
def landing(arena: Path) -> Iterator[FolderLanding]:
    opened = FolderLanding.open(arena / "into", ID)
    yield opened
    opened.close(remove=True)


def around(arena: Path) -> Snapshot:
    """Everything beside the chosen folder."""
    found: Snapshot = {}
    for folder, folders, names in os.walk(arena):
        if folder == str(arena):
            folders.remove("into")
        for name in [*folders, *names]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content = Path(path).read_bytes().hex() if name in names else ""
            found[path] = (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, content)
    return found


def arrive(landing: FolderLanding, path: tuple[bytes, ...]) -> tuple[bytes, ...]:
    landing.create(0)
    landing.write(0, 0, memoryview(b"from a peer"))
    landing.finish(0, size=11, mtime_ns=0, executable=True)
    landing.sync([0])
    try:
        return landing.place(0, path).path
    finally:
        landing.discard(0)


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED.keys())
def test_refused_whole(path: tuple[bytes, ...], arena: Path, landing: FolderLanding) -> None:
    before = around(arena)
    with pytest.raises(PeerError, match=r"^handover 3\.1: "):
        arrive(landing, path)
    with pytest.raises(PeerError, match=r"^handover 3\.1: "):
        landing.make_folder(path)
    assert around(arena) == before
    assert os.listdir(arena / "into") == [f".satchel-{ID.hex()}"]


@pytest.mark.parametrize("path", LEGAL.values(), ids=LEGAL.keys())
def test_legal_names_arrive_byte_for_byte(
    path: tuple[bytes, ...], arena: Path, landing: FolderLanding
) -> None:
    before = around(arena)
    assert arrive(landing, path) == path
    place = os.fsencode(arena / "into")
    for component in path:
        assert component in os.listdir(place)
        place = os.path.join(place, component)
    with open(place, "rb") as file:
        assert file.read() == b"from a peer"
    assert around(arena) == before


@pytest.mark.parametrize("target", ["..", "../outside", "/", "loop", "/proc/self/cwd", "into"])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_links_that_stand_in_the_way_are_not_followed(
    arena: Path, landing: FolderLanding, target: str, depth: int
) -> None:
    """OnionShare CVE-2026-54706, Syncthing CVE-2017-1000420: a link, or a chain of links, in the folder."""
    folder = arena / "into" / "/".join(["d"] * depth)
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "last").symlink_to(target)
    (folder / "loop").symlink_to("loop")
    (folder / "middle").symlink_to("last")
    (folder / "link").symlink_to("middle")
    before = around(arena)
    way = (b"d",) * depth
    assert arrive(landing, (*way, b"link", b"x")) == (*way, b"link (2)", b"x")
    assert arrive(landing, (*way, b"link")) == (*way, b"link (3)")
    assert landing.make_folder((*way, b"last", b"y")) == (*way, b"last (2)", b"y")
    assert around(arena) == before


component = st.one_of(
    st.sampled_from([b"..", b".", b"", b"/", b"../..", b"a", b"link", b"file", b".satchel-0", b"\0"]),
    st.binary(max_size=12),
    st.binary(min_size=250, max_size=258),
)


@settings(max_examples=150)
@given(paths=st.lists(st.lists(component, max_size=4).map(tuple), min_size=1, max_size=5))
def test_any_bytes_land_inside_or_are_refused(
    paths: list[tuple[bytes, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """M4, for any offer: the tree outside is unchanged, and what arrived is where it is said to be."""
    arena = tmp_path_factory.mktemp("arena")
    (arena / "into").mkdir()
    (arena / "file").write_bytes(b"precious")
    (arena / "into" / "link").symlink_to(arena)
    (arena / "into" / "file").symlink_to(arena / "file")
    before = around(arena)
    landing = FolderLanding.open(arena / "into", ID)
    for path in paths:
        try:
            placed = arrive(landing, path)
        except (PeerError, NameRefused):
            continue
        place = os.path.join(os.fsencode(arena / "into"), *placed)
        assert os.path.realpath(place) == os.path.join(os.path.realpath(os.fsencode(arena / "into")), *placed)
        with open(place, "rb") as file:
            assert file.read() == b"from a peer"
    landing.close(remove=True)
    assert around(arena) == before

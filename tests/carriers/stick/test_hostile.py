"""Sticks that somebody prepared: links, pipes, devices, huge files, lies. Nothing outside is touched (M4)."""

import fcntl
import os
import socket
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from carriers.stick.samples import (
    CLOCK_S,
    NOW_H,
    Chance,
    MemoryCustody,
    bundle_of,
    drawn,
    file_with,
    files_of,
    lay,
    on_stick,
    receipt_of,
)
from satchel.carriers.stick import carry_in, carry_out, exchange
from satchel.carriers.stick import folder as folder_module
from satchel.carriers.stick import survey as survey_module
from satchel.carriers.stick.layout import FILE_BYTES_MAX, FOLDER, MAGIC, Head, encode_head, encode_lists
from satchel.core.bundles.header import bundle_id
from satchel.core.bundles.receipt import Receipt
from satchel.errors import EnvironmentProblem
from satchel.ports.stick import Held

REAL = bundle_of("real")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    place = tmp_path / "stick"
    (place / FOLDER).mkdir(parents=True)
    lay(place, "REAL2222.DAT", file_with(REAL))
    return place


def both(stick: Path) -> MemoryCustody:
    custody = MemoryCustody(bundle_of("own"))
    exchange(stick, custody, Chance(), clock_s=CLOCK_S)
    assert bundle_id(REAL) in custody.bundles
    assert set(on_stick(stick)) >= {bundle_id(REAL), bundle_id(bundle_of("own"))}
    return custody


def test_m4_links_are_not_followed_and_not_deleted(stick: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.DAT"
    outside.write_bytes(file_with(bundle_of("outside"), bundle_of("dead", expiry_hour=1)))
    before = outside.read_bytes()
    for number, target in enumerate(
        (outside, tmp_path, Path("/dev/zero"), Path("/proc/self/mem"), Path("gone"))
    ):
        (stick / FOLDER / f"LINK222{number + 2}.DAT").symlink_to(target)
    custody = both(stick)
    assert bundle_id(bundle_of("outside")) not in custody.bundles
    assert outside.read_bytes() == before
    assert len([path for path in (stick / FOLDER).iterdir() if path.is_symlink()]) == 5


def test_m4_a_link_put_in_the_way_between_look_and_open(stick: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.DAT"
    outside.write_bytes(file_with(bundle_of("outside")))
    with folder_module.Folder.reading(stick) as folder:
        assert folder is not None
        (name,) = folder.names()
        (stick / FOLDER / name).unlink()
        (stick / FOLDER / name).symlink_to(outside)
        with pytest.raises(OSError, match="symbolic links"):
            folder.open(name)
        (stick / FOLDER / name).unlink()
        os.mkfifo(stick / FOLDER / name)
        assert folder.open(name) is None  # and it did not wait for a writer
        (stick / FOLDER / name).unlink()
        (stick / FOLDER / name).mkdir()
        assert folder.open(name) is None


def test_p3_pipes_sockets_devices_and_folders_are_left_alone(stick: Path) -> None:
    os.mkfifo(stick / FOLDER / "PIPE2222.DAT")
    (stick / FOLDER / "FOLD2222.DAT").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(stick / FOLDER, os.O_RDONLY)
        try:
            listening.bind(f"/proc/self/fd/{here}/SOCK2222.DAT")
        finally:
            os.close(here)
    with suppress(PermissionError):  # only root makes devices
        os.mknod(stick / FOLDER / "NULL2222.DAT", 0o20666, os.makedev(1, 5))
    with folder_module.Folder.reading(stick) as folder:
        assert folder is not None
        assert folder.names() == ["REAL2222.DAT"]  # to open a device can be to do something with it
    left = set(os.listdir(stick / FOLDER)) - {"REAL2222.DAT"}
    both(stick)
    assert left <= set(os.listdir(stick / FOLDER))


@pytest.mark.parametrize("what", ["link", "file", "pipe"])
def test_m4_our_folder_is_something_else(tmp_path: Path, what: str) -> None:
    (tmp_path / "outside").mkdir()
    stick = tmp_path / "stick"
    stick.mkdir()
    if what == "link":
        (stick / FOLDER).symlink_to(tmp_path / "outside")
    elif what == "file":
        (stick / FOLDER).write_bytes(b"mine")
    else:
        os.mkfifo(stick / FOLDER)
    for way in (
        lambda: carry_in(stick, MemoryCustody(), clock_s=None),
        lambda: carry_out(stick, MemoryCustody(REAL), Chance(), clock_s=None),
    ):
        with pytest.raises(EnvironmentProblem, match="something else stands"):
            way()
    assert os.listdir(tmp_path / "outside") == []


def test_foreign_files_stay_byte_for_byte(stick: Path) -> None:
    """Also those whose names could be ours, and those of a newer version."""
    foreign = {
        "HOLIDAY2.DAT": b"",
        "HOLIDAY3.DAT": b"my pictures" * 1000,
        "HOLIDAY4.DAT": MAGIC[:-1],
        "NEWER222.DAT": bytes((MAGIC[0] ^ 1,)) + file_with(bundle_of("x"))[1:],
        "letter.txt": b"dear",
        "HOLIDAY5.TMP": file_with(bundle_of("x")),
        "TOOLONG2.DAT": file_with(bundle_of("x")).ljust(FILE_BYTES_MAX + 1, b"\0"),
        "TOOMANY2.DAT": MAGIC + bytes(19) + b"\xff" * 6 + bytes(100),
        "\u202etxt.DAT": file_with(bundle_of("x")),
    }
    for name, data in foreign.items():
        lay(stick, name, data)
    (stick / "beside").write_bytes(file_with(bundle_of("x")))
    custody = both(stick)
    assert bundle_id(bundle_of("x")) not in custody.bundles
    assert {name: (stick / FOLDER / name).read_bytes() for name in foreign} == foreign


def test_c2_lies_about_ids_hide_nothing(stick: Path) -> None:
    """A file that says it has the bundle, and has not, keeps nobody from writing it."""
    own = bundle_of("own")
    lie = lay(stick, "LIE22222.DAT", encode_head(Head(salt=bytes(16))) + bundle_id(own) + bundle_of("other"))
    both(stick)
    assert on_stick(stick)[bundle_id(own)] == own
    assert not lie.exists()


def test_c2_an_inventory_of_a_liar_hides_nothing_from_others(stick: Path) -> None:
    own = bundle_of("own")
    lay(stick, "LIE22222.DAT", encode_lists(b"l" * 16, (), [Held(bundle_id(own), NOW_H)]))
    lay(stick, "TRUE2222.DAT", encode_lists(b"t" * 16, (), [Held(bundle_id(REAL), NOW_H)]))
    both(stick)


def test_an_inventory_that_cannot_be_read_has_nothing_left_out(
    stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = MemoryCustody(bundle_of("own"))
    lay(stick, "TRUE2222.DAT", encode_lists(b"t" * 16, (), own.held()))
    lay(stick, "WEAK2222.DAT", encode_lists(b"w" * 16, (), ()))
    opening = folder_module.Folder.open

    def failing(self: folder_module.Folder, name: str) -> object:
        if name == "WEAK2222.DAT":
            raise OSError(5, "Input/output error")
        return opening(self, name)

    monkeypatch.setattr(folder_module.Folder, "open", failing)
    assert carry_in(stick, MemoryCustody(), clock_s=CLOCK_S).unreadable == 1
    assert carry_out(stick, own, Chance(), clock_s=CLOCK_S).bundles == 1
    assert (stick / FOLDER / "WEAK2222.DAT").exists()


def test_more_inventories_than_are_looked_into(stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "INVENTORIES_MAX", 2)
    own = MemoryCustody(bundle_of("own"))
    for number in range(3):
        lay(stick, f"LIST222{number + 2}.DAT", encode_lists(drawn(number, 16), (), own.held()))
    assert carry_out(stick, own, Chance(), clock_s=CLOCK_S).bundles == 1


def test_p3_inventories_are_looked_into_up_to_a_sum(stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "TAGS_SUM_MAX", 0)
    own = MemoryCustody(bundle_of("own"))
    lay(stick, "LIST2222.DAT", encode_lists(bytes(16), (), own.held()))
    assert carry_out(stick, own, Chance(), clock_s=CLOCK_S).bundles == 1


def test_p3_more_files_names_and_bundles_than_are_looked_at(
    stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        lay(stick, f"MANY222{'23456789'[number] if number < 6 else 'AB'[number - 6]}.DAT", file_with(REAL))
    with folder_module.Folder.reading(stick) as folder:
        assert folder is not None
        assert folder.names() == sorted(path.name for path in files_of(stick))
    monkeypatch.setattr(folder_module, "FILES_MAX", 5)
    custody = MemoryCustody()
    carry_in(stick, custody, clock_s=CLOCK_S)
    assert len(custody.asked) == 5
    monkeypatch.setattr(folder_module, "ENTRIES_MAX", 3)
    custody = MemoryCustody()
    carry_in(stick, custody, clock_s=CLOCK_S)
    assert len(custody.asked) == 3


def test_p3_a_stick_of_too_many_bundles_or_receipts_is_left_as_it_is(
    stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = lay(
        stick, "MANY2222.DAT", file_with(*(bundle_of(number, expiry_hour=NOW_H) for number in range(9)))
    )
    said = [receipt_of(f"forged {number}") for number in range(9)]
    cut_off = lay(stick, "SAID2222.DAT", encode_lists(bytes(16), said, ()))
    monkeypatch.setattr(survey_module, "BUNDLES_MAX", 4)
    monkeypatch.setattr(survey_module, "RECEIPTS_MAX", 4)
    before = many.read_bytes()
    for _ in range(2):
        carry_out(stick, MemoryCustody(bundle_of("own")), Chance(), clock_s=CLOCK_S)
    assert many.read_bytes() == before
    assert cut_off.exists()
    heard = MemoryCustody()
    carry_in(stick, heard, clock_s=CLOCK_S)
    assert set(heard.heard) == set(said)


def test_m3_no_more_files_than_may_be_there(stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from satchel.carriers.stick import carry as carry_module  # noqa: PLC0415 - its own copy of the limit

    monkeypatch.setattr(carry_module, "FILES_MAX", 2)
    went = carry_out(stick, MemoryCustody(bundle_of("own")), Chance(), clock_s=CLOCK_S)
    assert (went.bundles, went.is_full, len(files_of(stick))) == (0, True, 2)


def test_p3_hostile_files_cost_little_memory(stick: Path) -> None:
    """One bundle, or one list, at a time; here 17 MiB of receipts that lie, and of bundles that lie."""
    forged = [Receipt(preimage=drawn(number, 20), expiry_hour=NOW_H) for number in range(5000)]
    lay(stick, "SAID2222.DAT", encode_lists(bytes(16), forged, ()))
    lay(stick, "BIG22222.DAT", (file_with() + (bytes(32) + bundle_of("lie", 5)) * 17)[:FILE_BYTES_MAX])
    custody = MemoryCustody()
    tracemalloc.start()
    try:
        taken = carry_in(stick, custody, clock_s=CLOCK_S)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken.damaged == 17
    assert peak < 12 << 20


def test_two_at_once(stick: Path) -> None:
    here = os.open(stick / FOLDER, os.O_RDONLY)
    try:
        fcntl.flock(here, fcntl.LOCK_EX)
        with pytest.raises(EnvironmentProblem, match="Another Satchel") as raised:
            carry_out(stick, MemoryCustody(), Chance(), clock_s=None)
    finally:
        os.close(here)
    assert raised.value.do
    assert carry_in(stick, MemoryCustody(), clock_s=None).bundles == 1  # who reads waits for nobody

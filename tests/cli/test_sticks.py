"""Which folders the owner's page offers as sticks."""

import pytest

from satchel.cli.sticks import STICKS_MAX, sticks, sticks_in

LINE = "36 35 8:1 / {} rw,relatime shared:1 - {} {} rw"


def mounted(point: str, kind: str = "ext4", source: str = "/dev/sdb1") -> bytes:
    return LINE.format(point, kind, source).encode()


@pytest.mark.parametrize(
    ("point", "shown"),
    [
        ("/media/amina/BLUE", "/media/amina/BLUE"),
        (r"/run/media/amina/MY\040STICK", "/run/media/amina/MY STICK"),
        ("/mnt", "/mnt"),
        (r"/media/a\134b\011c", "/media/a\\b\tc"),
    ],
)
def test_what_can_be_carried_away(point: str, shown: str) -> None:
    assert sticks_in(mounted(point)) == [shown]
    assert sticks_in(mounted(point, "fuseblk", "/dev/sdb1")) == [shown]  # exFAT, NTFS


@pytest.mark.parametrize(
    "line",
    [
        mounted("/"),
        mounted("/home"),
        mounted("/mediate"),
        mounted("/media/far", "nfs4", "server:/files"),
        mounted("/run/media/x", "tmpfs", "tmpfs"),
        b"",
        b" - ",
        b"36 35 8:1 / /media/x",
    ],
)
def test_what_is_none(line: bytes) -> None:
    assert sticks_in(line) == []


def test_one_is_offered_once_and_not_too_many() -> None:
    lines = [mounted(f"/media/{number:03}") for number in range(STICKS_MAX + 5)]
    assert sticks_in(b"\n".join([*lines, *lines])) == [f"/media/{number:03}" for number in range(STICKS_MAX)]


def test_the_machine_is_asked() -> None:
    assert all(point.startswith("/") for point in sticks())

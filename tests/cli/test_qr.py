"""Pictures for cameras: the same symbol in a terminal and in a file, which is its owner's only."""

import hashlib
import os
import re
import stat
import zlib
from pathlib import Path

import pytest

from satchel.cli.qr import PIXELS_PER_MODULE, QUIET_MODULES, draw_for_terminal, write_png
from satchel.core.pairing.picture import CONTENT_BYTES_MAX, Picture, scan_back_text
from satchel.errors import EnvironmentProblem, MisuseError

V4 = bytes(10) + b"\xff\xff" + bytes((192, 168, 7, 20))
V6 = bytes.fromhex("fe80000000000000021122fffe3344")
SMALL = Picture(bytes(range(16)), bytes(range(16, 32)), ((V4, 40123),)).text()
LARGE = Picture.holding(
    bytes(range(16)), bytes(range(16, 32)), tuple((V6 + bytes((n,)), 40123) for n in range(3))
).text()
BACK = scan_back_text(bytes(range(32, 48)))

# Modules of the symbols, row by row, as they were when ZXing read them back to the texts.
KNOWN = {
    SMALL: "2d532c5525dfae23ffa562b1e564f046f3a8f91b28430e558c3caa6fafce936e",
    LARGE: "cc787e8d160d03bcae2cb229a7b7d7cdd90212f3b3ccbeba09ed054291887c03",
    BACK: "5ea9bc8e9ee0b7a4ce2b9286347b34499fea21bbf834f7cb982abd35690b6af5",
}
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def modules_of_terminal(drawn: str) -> list[str]:
    rows: list[str] = []
    for line in drawn.split("\n"):
        [halves] = re.fullmatch(r"\x1b\[30;107m([ ▀▄█]+)\x1b\[0m", line).groups()  # type: ignore[union-attr]
        for half in (0, 1):
            rows.append("".join(str(HALVES[character][half]) for character in halves))
    return rows[: len(rows[0])]


def modules_of_png(data: bytes) -> list[str]:
    """One bit a pixel, one module in its middle; every chunk is one that draws."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    assert [name for name, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width = int.from_bytes(chunks[0][1][:4], "big")
    assert chunks[0][1][8:] == bytes((1, 0, 0, 0, 0))  # grey, one bit, not interlaced
    pixels = zlib.decompress(chunks[1][1])
    line_bytes = 1 + -(-width // 8)
    lines, before = [], 0
    for start in range(0, len(pixels), line_bytes):
        kind, written = pixels[start], int.from_bytes(pixels[start + 1 : start + line_bytes], "big")
        assert kind == 0 or (kind, written) == (2, 0)  # as it is, or the same as the line above
        before = before if kind else written
        lines.append(before)
    bits = [f"{line:0{8 * (line_bytes - 1)}b}"[:width] for line in lines]
    middle = PIXELS_PER_MODULE // 2
    return [
        "".join("10"[int(bit)] for bit in row[middle::PIXELS_PER_MODULE])
        for row in bits[middle::PIXELS_PER_MODULE]
    ]


@pytest.mark.parametrize("text", KNOWN, ids=["small", "large", "back"])
def test_terminal_and_file_show_the_symbol_that_was_read(text: str, tmp_path: Path) -> None:
    rows = modules_of_terminal(draw_for_terminal(text))
    write_png(text, tmp_path / "picture.png")
    assert modules_of_png((tmp_path / "picture.png").read_bytes()) == rows
    assert hashlib.sha256("\n".join(rows).encode()).hexdigest() == KNOWN[text]
    assert {len(row) for row in rows} == {len(rows)}
    quiet = "0" * len(rows)
    assert rows[:QUIET_MODULES] == rows[-QUIET_MODULES:] == [quiet] * QUIET_MODULES


def test_the_largest_picture_fits_on_a_terminal() -> None:
    lines = draw_for_terminal("SATCHEL:" + "A" * (CONTENT_BYTES_MAX * 8 // 5 + 1)).split("\n")
    assert len(lines) == 27
    assert len(lines[0]) - len("\x1b[30;107m\x1b[0m") == 53


def test_a_picture_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_png(SMALL, tmp_path / "picture.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "picture.png").stat().st_mode) == 0o600


def test_what_is_there_is_never_changed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("a letter")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for path in (there, link):
        with pytest.raises(MisuseError):
            write_png(SMALL, path)
    assert there.read_text() == "a letter"
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        write_png(SMALL, tmp_path / "no" / "picture.png")
    assert caught.value.do


def test_on_a_full_disk_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, *_: object, **__: object) -> None:
        os.close(fd)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(EnvironmentProblem, match="No space left"):
        write_png(SMALL, tmp_path / "picture.png")
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())

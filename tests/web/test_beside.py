"""What lies beside the pages: that is given, and nothing else (page 2.6, 6)."""

import re
from pathlib import Path

import pytest

from arch.tree import SRC
from satchel.errors import NothingToDo
from satchel.web.owner import beside
from satchel.web.owner.beside import READER, file_beside, reads_pictures

OWN_BYTES_MAX = 60_000  # of scripts and styles: they are read again with each page
STATIC = SRC / "web" / "owner" / "static"
IMPORT = re.compile(r'(?:from|import)\s*\(?\s*"([^"]+)"|new URL\("([^"]+)"')


def test_each_file_of_ours_is_given_and_no_other() -> None:
    for path in STATIC.iterdir():
        assert file_beside(path.name)[0] == path.read_bytes()
    for name in ("", ".", "../beside.py", "nothing.js", "foreign/qr/LICENSE-MIT", "foreign/../owner/gate.py"):
        with pytest.raises(NothingToDo):
            file_beside(name)


def test_scripts_and_styles_of_ours_stay_small() -> None:
    own = [path for path in STATIC.iterdir() if path.suffix in (".js", ".css")]
    assert sum(path.stat().st_size for path in own) <= OWN_BYTES_MAX


def test_only_the_worker_of_the_camera_loads_what_others_made() -> None:
    loaded = {path.name: names_in(path) for path in STATIC.glob("*.js")}
    assert loaded == {
        "page.js": [],
        "live.js": [],
        "camera.js": ["reader.js"],
        "reader.js": ["./foreign/qr/decode.js"],
    }


def names_in(path: Path) -> list[str]:
    return [one or other for one, other in IMPORT.findall(path.read_text())]


def test_what_reads_pictures_is_whole() -> None:
    """It loads nothing but what is given, too."""
    assert reads_pictures()
    for name in READER:
        content, kind = file_beside(name)
        assert kind == "text/javascript"
        for loaded in re.findall(rb'^(?:import|export)[^"\';]*from [\'"]\./([^\'"]+)', content, re.MULTILINE):
            assert f"foreign/qr/{loaded.decode()}" in READER


def test_without_what_reads_pictures_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A source tree that was never set up."""
    monkeypatch.setattr(beside, "files", lambda _: tmp_path)
    assert not reads_pictures()
    with pytest.raises(NothingToDo):
        file_beside(READER[0])

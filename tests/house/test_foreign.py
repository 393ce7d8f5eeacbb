"""Files of other projects come as foreign.lock.json names them, or not at all."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from workshop import foreign
from workshop.foreign import Package, bring, integrity, is_brought, packages, renew, unpack
from workshop.running import Stopped

LICENCES = {"(MIT OR Apache-2.0)", "MIT", "Apache-2.0"}  # 0169, 0246
FILES = {"LICENSE": b"Do as you like.", "dist/read.js": b"export {};"}


def archive(files: dict[str, bytes], *, folder: str = "package") -> bytes:
    """As npm packs it; a content of b'->...' is a link."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            if content.startswith(b"->"):
                member.type, member.linkname = tarfile.SYMTYPE, content[2:].decode()
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Registry:
    """Of npm, on this machine: what is asked for, and what is there."""

    def __init__(self) -> None:
        self.there: dict[str, bytes] = {}
        self.asked: list[str] = []

    def publish(self, version: str, files: dict[str, bytes], *, licence: str = "MIT") -> bytes:
        packed = archive(files)
        told = {"license": licence, "dist": {"integrity": integrity(packed)}}
        self.there[f"/pages/{version}"] = json.dumps(told).encode()
        self.there[f"/pages/-/pages-{version}.tgz"] = packed
        return packed


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    made = Registry()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            content = made.there.get(self.path)
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("no_proxy", "*")
        yield made
        server.shutdown()


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the lock file lies, and the folder `foreign` for what it names."""
    monkeypatch.setattr(foreign, "LOCK", tmp_path / "foreign.lock.json")
    monkeypatch.setattr(foreign, "FOLDER", tmp_path / "foreign")
    return tmp_path


def lock(packed: bytes, files: dict[str, bytes], *, version: str = "1.0.0", name: str = "pages") -> None:
    named = {file: integrity(content) for file, content in files.items()}
    package = {"name": name, "version": version, "licence": "MIT", "integrity": integrity(packed)}
    foreign.LOCK.write_text(json.dumps({"packages": [{**package, "files": named}]}))


def here() -> dict[str, bytes]:
    folder = foreign.FOLDER
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in foreign.files_below(folder)}


def test_the_lock_file_is_of_free_packages_and_takes_their_licence_along() -> None:
    for package in packages():
        assert package.licence in LICENCES, package.name
        assert package.integrity.startswith("sha512-")
        assert [file for file in package.files if "LICENSE" in file], package.name
    assert is_brought()


def test_what_is_named_is_fetched_once(registry: Registry, checkout: Path) -> None:
    lock(registry.publish("1.0.0", {**FILES, "more.js": b"not asked for"}), FILES)
    assert not is_brought()
    bring()
    assert is_brought()
    assert here() == {f"pages/{name}": content for name, content in FILES.items()}
    bring()
    assert registry.asked == ["/pages/-/pages-1.0.0.tgz"]


def test_what_was_changed_or_added_here_does_not_stay(registry: Registry, checkout: Path) -> None:
    """Else it would be in the wheel."""
    lock(registry.publish("1.0.0", FILES), FILES)
    bring()
    for name in ("other/more.js", "other.js", "pages/dist/more.js", "pages/LICENSE"):
        (foreign.FOLDER / name).parent.mkdir(exist_ok=True)
        (foreign.FOLDER / name).write_text("Do as I like.")
        assert not is_brought()
        bring()
        assert here() == {f"pages/{name}": content for name, content in FILES.items()}


@pytest.mark.parametrize("what", ["archive", "file"])
def test_other_bytes_than_the_named_ones_are_not_used(registry: Registry, checkout: Path, what: str) -> None:
    """Whoever has the registry, or is between us and it."""
    changed = {"archive": {**FILES, "more.js": b""}, "file": {**FILES, "dist/read.js": b"evil()"}}
    packed = registry.publish("1.0.0", changed[what])
    lock(archive(FILES) if what == "archive" else packed, FILES)
    with pytest.raises(Stopped, match=r"is not what foreign\.lock\.json names"):
        bring()
    assert here() == {}


@pytest.mark.parametrize("address", [None, "ftp://127.0.0.1", "file:///etc", "http://127.0.0.1:9"])
def test_without_it_the_three_sentences(
    registry: Registry, checkout: Path, monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    lock(archive(FILES), FILES)
    if address:
        monkeypatch.setenv("npm_config_registry", address)
    with pytest.raises(Stopped) as stopped:
        bring()
    told = str(stopped.value)
    assert "pages/-/pages-1.0.0.tgz could not be fetched from" in told
    assert "Nothing of it was put anywhere." in told
    assert "set npm_config_registry" in told
    assert here() == {}


def test_an_endless_answer_is_left(
    registry: Registry, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "ARCHIVE_BYTES_MAX", 100)
    lock(registry.publish("1.0.0", FILES), FILES)
    with pytest.raises(Stopped, match="larger than 100 bytes"):
        bring()


def test_no_more_is_unpacked_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive({"a": bytes(10_000_000)})
    monkeypatch.setattr(foreign, "UNPACKED_BYTES_MAX", 1_000_000)
    with pytest.raises(Stopped, match="more than 1000000 bytes"):
        unpack(bomb, ["a"])


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"no archive",
        archive(FILES)[:-20],
        gzip.compress(b"no archive" * 100),
        archive({"LICENSE": b"->../../../etc/passwd", "dist/read.js": b""}),
        archive({"dist/read.js": b""}),
    ],
    ids=["empty", "no gzip", "cut", "no tar", "a link", "lacks one"],
)
def test_what_is_no_such_archive(packed: bytes) -> None:
    with pytest.raises(Stopped, match="no archive of the package"):
        unpack(packed, FILES)


@pytest.mark.parametrize("file", ["../evil", "/etc/passwd", "a/../../b", "", ".hidden", "a//b", "a\\b", "a/"])
def test_a_path_never_leads_out_of_its_folder(checkout: Path, file: str) -> None:
    lock(b"", {file: b""})
    with pytest.raises(Stopped, match="no name, version or path"):
        bring()


@pytest.mark.parametrize(("name", "version"), [("../up", "1.0.0"), ("@a/b", "1.0.0"), ("pages", "1/../../x")])
def test_a_name_or_version_is_no_path(name: str, version: str) -> None:
    with pytest.raises(Stopped, match="no name, version or path"):
        Package(name=name, version=version, licence="MIT", integrity="", files={})


def test_a_folder_that_cannot_be_written_is_said(registry: Registry, checkout: Path) -> None:
    lock(registry.publish("1.0.0", FILES), FILES)
    (checkout / "foreign").write_text("in the way")
    with pytest.raises(Stopped, match="cannot be written"):
        bring()


def test_another_version_is_one_command(
    registry: Registry, checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lock(registry.publish("1.0.0", FILES), FILES)
    newer = {**FILES, "dist/read.js": b"export default 2;"}
    packed = registry.publish("1.1.0", newer, licence="Apache-2.0")
    renew("pages", "1.1.0")
    assert "its licence is now Apache-2.0" in capfd.readouterr().err
    [package] = packages()
    assert (package.version, package.licence) == ("1.1.0", "Apache-2.0")
    assert package.integrity == integrity(packed)
    assert here()["pages/dist/read.js"] == b"export default 2;"
    assert is_brought()


def test_a_version_that_is_not_as_the_registry_says_changes_nothing(
    registry: Registry, checkout: Path
) -> None:
    lock(registry.publish("1.0.0", FILES), FILES)
    before = foreign.LOCK.read_bytes()
    registry.publish("1.1.0", FILES)
    registry.there["/pages/-/pages-1.1.0.tgz"] = archive({**FILES, "dist/read.js": b"evil()"})
    with pytest.raises(Stopped, match=r"is not what foreign\.lock\.json names"):
        renew("pages", "1.1.0")
    with pytest.raises(Stopped, match="names no 'other'"):
        renew("other", "1.0.0")
    assert foreign.LOCK.read_bytes() == before

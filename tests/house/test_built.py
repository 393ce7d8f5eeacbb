"""What people install: a wheel or source package has the files of other projects, or is not built."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from arch.tree import ROOT, tracked_files
from workshop.foreign import FOLDER, integrity, packages

LIMIT_S = 120
NO_NETWORK = {"npm_config_registry": "http://127.0.0.1:9"}
IN_WHEEL = "satchel/web/foreign"
NAMED = {
    f"{IN_WHEEL}/{package.name}/{file}": digest
    for package in packages()
    for file, digest in package.files.items()
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this one, without what was fetched into it."""
    copy = tmp_path / "a checkout"
    for path in tracked_files():
        if path.parts[0] not in ("tests", "bench"):
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, copy / path)
    return copy


def build(checkout: Path, kind: str) -> subprocess.CompletedProcess[str]:
    """As pip and uv do, in a folder without a repository, and without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(checkout / "dist")]
    environment = {**os.environ, **NO_NETWORK}
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )


def in_wheel(checkout: Path) -> dict[str, str]:
    [wheel] = (checkout / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        return {name: integrity(packed.read(name)) for name in packed.namelist() if name.startswith(IN_WHEEL)}


def test_a_wheel_has_them(checkout: Path) -> None:
    shutil.copytree(FOLDER, checkout / "src" / IN_WHEEL)
    (checkout / "src" / IN_WHEEL / "more.js").write_text("of nobody")
    built = build(checkout, "wheel")
    assert built.returncode == 0, built.stderr
    assert in_wheel(checkout) == NAMED


def test_who_builds_from_a_source_package_needs_no_network(checkout: Path, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, checkout / "src" / IN_WHEEL)
    assert build(checkout, "sdist").returncode == 0
    [packed] = (checkout / "dist").glob("*.tar.gz")
    with tarfile.open(packed) as tar:
        # An attribute, as PEP 706 has it for all versions: Debian 12's Python knows no such argument yet.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        tar.extractall(tmp_path / "unpacked")
    [unpacked] = (tmp_path / "unpacked").iterdir()
    built = build(unpacked, "wheel")
    assert built.returncode == 0, built.stderr
    assert in_wheel(unpacked) == NAMED


def test_without_them_and_without_a_network_nothing_is_built(checkout: Path) -> None:
    """And the last thing that is said is what to do."""
    built = build(checkout, "wheel")
    assert built.returncode != 0
    assert "set npm_config_registry to a mirror" in built.stderr + built.stdout
    assert "Traceback" not in built.stderr
    assert not list((checkout / "dist").glob("*"))

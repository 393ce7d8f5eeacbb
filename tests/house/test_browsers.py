"""What `dev.py test` fetches for browsers is named by version and hash, and by no address."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from arch.tree import ROOT
from workshop import browsers
from workshop.running import Stopped

FOLDER = ROOT / "tests" / "browser"
LICENCES = {
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"),  # 0194
    *("0BSD", "BlueOak-1.0.0", "Unlicense", "(AFL-2.1 OR BSD-3-Clause)"),  # 0245: to read feeds in tests
}
SCRIPTS_THAT_ARE_NOT_RUN = {"node_modules/r2-opds-js", "node_modules/r2-shared-js"}


def load(name: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / name).read_text(encoding="utf-8")))


def test_the_lock_file_is_of_these_packages_and_of_free_ones() -> None:
    wanted, lock = load("package.json"), load("package-lock.json")
    top = lock["packages"].pop("")
    assert top["dependencies"] == wanted["dependencies"]
    for name, package in lock["packages"].items():
        assert package["integrity"].startswith("sha512-"), name
        assert package["license"] in LICENCES, name
        assert "resolved" not in package, "npm would not ask the caller's own registry"
        assert "hasInstallScript" not in package or name in SCRIPTS_THAT_ARE_NOT_RUN, name


def test_packages_of_npm_are_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def no_npm() -> list[str]:
        calls.append("npm")
        return ["false"]

    monkeypatch.setattr(browsers, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(browsers, "INSTALLED", tmp_path / "installed")
    monkeypatch.setattr(browsers, "DEV", tmp_path)
    monkeypatch.setattr(browsers, "find_npm", no_npm)
    with pytest.raises(Stopped, match="from npm could not be fetched"):
        browsers.install_modules()
    assert not (tmp_path / "installed").exists()
    lock = (FOLDER / "package-lock.json").read_bytes()
    (tmp_path / "stamp").write_text(hashlib.sha256(lock).hexdigest(), encoding="ascii")
    browsers.install_modules()
    assert calls == ["npm"]


def test_who_is_not_root_is_told_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name, **_: "/usr/bin/apt-get" if name == "apt-get" else None)
    browsers.prepare_browsers()
    said = capsys.readouterr().out
    assert "As root, run this one line" in said
    assert "apt-get install -y --no-install-recommends chromium firefox-esr" in said

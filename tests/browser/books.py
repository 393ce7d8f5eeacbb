"""The books of books_site.py on a host of the laboratory, and the trap beside them."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from browser.chromium import Chromium
from lab import Host

if TYPE_CHECKING:
    from playwright.sync_api import Page

TRAP = 8124


@dataclass(frozen=True, slots=True)
class Books:
    host: Host
    urls: dict[str, str]
    log: Path

    @classmethod
    def on(cls, host: Host, tmp_path: Path, *others: str) -> "Books":
        root, log = Path(__file__).parents[2], tmp_path / "caught"
        script = root / "tests" / "browser" / "books_site.py"
        command: list[str | Path] = [sys.executable, script, str(TRAP), log, *others]
        found = ":".join(str(folder) for folder in (root / "src", root / "tests", root))
        site = host.talk(["env", f"PYTHONPATH={found}", *command])
        urls: dict[str, str] = {}
        while True:
            line = site.expect(r"^(ready|([a-z-]+) (http://localhost:\d+/[0-9a-f]+/))\n", 20)
            if line[1] == "ready":
                return cls(host, urls, log)
            urls[line[2]] = line[3]

    @property
    def origin(self) -> str:
        parts = urlsplit(next(iter(self.urls.values())))
        return f"{parts.scheme}://{parts.netloc}"

    def caught(self) -> list[str]:
        """What came to the trap."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def page(self, browser: Chromium, name: str, path: str = "", **settings: Any) -> "Page":
        page = browser.page(self.origin, **settings)
        page.goto(self.urls[name] + path)
        return page

    def place(self, name: str) -> str:
        found = re.search(r"/[0-9a-f]{32}/", self.urls[name])
        assert found
        return found[0]

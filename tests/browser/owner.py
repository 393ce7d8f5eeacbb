"""A person whose Satchel runs on a host of the laboratory, and who uses its page there."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from browser import DESKTOP, accessible, look
from browser.chromium import Chromium
from end_to_end.programs import SATCHEL, Person
from lab import Dialogue
from lab.namespace import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY_S = 30.0


@dataclass(frozen=True, slots=True)
class Owner:
    """`node` is `satchel up`."""

    person: Person
    node: Dialogue

    @classmethod
    def up(cls, person: Person, *words: str) -> "Owner":
        node = person.satchel("up", "--into", person.into, *words)
        node.expect_event("ready", READY_S)
        return cls(person, node)

    @classmethod
    def begins(cls, person: Person) -> "Owner":
        """Started from a menu, on a desktop: the page asks for what the profile needs."""
        line = [*SATCHEL, "up", "--home", str(person.profile), "--into", str(person.into)]
        node = person.host.talk(line, env={"BROWSER": shutil.which("true") or "true"})
        owner = cls(person, node)
        wait_until(owner.file.exists, READY_S, pause_s=0.1)
        return owner

    @property
    def file(self) -> Path:
        return self.person.profile / "open.html"

    @property
    def origin(self) -> str:
        found = re.search(r'action="(http://127\.0\.0\.1:\d+)(/[0-9a-f]{16})/enter"', self.file.read_text())
        assert found
        return found[1]

    def page(self, browser: Chromium, **settings: Any) -> "Page":
        """The first page that this person sees, opened by the file as the desktop would."""
        url = self.file.absolute().as_uri()
        page = browser.page(self.origin, besides=[url], **{"screen": DESKTOP, **settings})
        page.goto(url)
        page.wait_for_selector("h1")
        return page


def go(page: "Page", path: str) -> None:
    """To another page of the same Satchel."""
    base = page.get_attribute("body", "data-base")
    page.goto(f"{base}{path}")


def seen(page: "Page", name: str) -> None:
    """A state worth looking at: nothing grave for who cannot see it, nothing beyond the edge."""
    look(page, name)
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def names_of(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.exists() else []

"""Screenshots of pages, kept where the other reports are, for somebody to look at."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.checks import REPORTS

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCREENS = REPORTS / "screens"


def screenshot_path(name: str) -> Path:
    """Where the screenshot `name` is kept; raises ValueError where that is no plain name."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"{name!r}: lower-case words and numbers with - between them")
    SCREENS.mkdir(parents=True, exist_ok=True)
    return SCREENS / f"{name}.png"


def look(page: "Page", name: str) -> Path:
    """Keep a screenshot of the whole page, also of what is below the fold; an older one of that name goes."""
    path = screenshot_path(name)
    page.screenshot(path=path, full_page=True, animations="disabled")
    return path

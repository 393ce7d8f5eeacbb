"""What `dev.py test` has installed for browsers, and why there can be none where it has not."""

import importlib.util
import shutil
from pathlib import Path

from lab.namespace import environment
from workshop.browsers import MODULES

CHROMIUM, FIREFOX = "chromium", "firefox-esr"


def why_no_browser() -> str | None:
    """Why no browser can be driven here, in a sentence; None where one can."""
    for command in (CHROMIUM, FIREFOX):
        if not shutil.which(command, path=environment()["PATH"]):
            return f"the command {command} is missing"
    if importlib.util.find_spec("playwright") is None:
        return "the Python package playwright is missing"
    for module in ("axe-core", "puppeteer-core"):
        if not (MODULES / module).is_dir():
            return f"{module} from npm is missing"
    return None


def node() -> Path:
    """The Node.js that comes with Playwright: the same one on all machines."""
    spec = importlib.util.find_spec("playwright")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "driver" / "node"

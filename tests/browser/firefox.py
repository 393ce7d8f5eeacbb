"""Firefox inside a host of the laboratory, driven by puppeteer-core over WebDriver BiDi.

The driver, `firefox.mjs`, runs on the host, too, since Firefox is spoken to over a socket there. Pages are
watched, but not as closely as in Chromium: an answer such as 404 is no error on the console, what Firefox
itself complains of counts as an exception, the listener for violations is in the page's own world, and pages
that a page opens are not seen. Firefox does follow hints where to connect ahead: that is on the cable.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from browser.chromium import DESKTOP, WAIT_MS, Screen
from browser.installed import FIREFOX, node
from browser.reports import screenshot_path
from browser.watching import LATECOMERS_MS, Fault, Kind
from lab import Host, LabError
from workshop.browsers import MODULES

SCRIPT = Path(__file__).with_name("firefox.mjs")
START_S = 60.0
ANSWER_S = 2 * WAIT_MS / 1000  # later than the driver itself gives up
# Firefox looks up the name of the machine it is on; any other than this one would be asked of the network.
UNNAMED = ["unshare", "--uts", "sh", "-c", 'hostname localhost && exec "$@"', "sh"]


class Firefox:
    """Made by the fixture `firefox_on`: one window of one person, for the main flow."""

    def __init__(
        self,
        host: Host,
        origin: str,
        *,
        besides: Sequence[str] = (),
        screen: Screen = DESKTOP,
        locale: str = "en-GB",
        dark: bool = False,
        camera: bool | None = None,
    ) -> None:
        """Start it, with a fresh profile; the arguments are those of `Chromium.page`.

        Args:
            camera: None: there is none; else a made-up one that sees coloured squares, and whether the person
                lets pages have it.

        Raises:
            LabError: it did not start.
        """
        self.host = host
        self._concluded = False
        settings = {
            "origin": origin,
            "besides": list(besides),
            "width": screen.width,
            "height": screen.height,
            "locale": locale,
            "dark": dark,
            "camera": camera,
            "wait_ms": WAIT_MS,
            "latecomers_ms": LATECOMERS_MS,
        }
        command: list[str | Path] = [
            *UNNAMED,
            node(),
            SCRIPT,
            MODULES,
            shutil.which(FIREFOX) or FIREFOX,
            json.dumps(settings),
        ]
        # The variable lets it be told not to ask its maker for settings; the profile goes with the host.
        env = {"MOZ_REMOTE_SETTINGS_DEVTOOLS": "1", "TMPDIR": str(host.home)}
        self._driver = host.talk(command, env=env)
        self.version = str(self._driver.expect_event("ready", START_S)["version"])

    def open(self, path: str) -> None:
        """Go to a path below the origin, or to a whole address, and wait until it is loaded."""
        self._ask("open", url=path)

    def click(self, selector: str) -> None:
        """Click on the first element that a CSS selector finds, once it is there."""
        self._ask("click", selector=selector)

    def type(self, selector: str, text: str) -> None:
        """Type into a field, key by key."""
        self._ask("type", selector=selector, text=text)

    def press(self, key: str) -> None:
        """Press one key where the focus is: "Tab", "Enter", "Escape" and so on."""
        self._ask("press", key=key)

    def upload(self, selector: str, *paths: Path) -> None:
        """Pick files in a field for files."""
        self._ask("upload", selector=selector, paths=[str(path) for path in paths])

    def text(self, selector: str) -> str:
        """The words that an element shows, once it is there."""
        return str(self._ask("text", selector=selector))

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page's own world."""
        return self._ask("evaluate", expression=expression)

    def open_beside(self, path: str) -> None:
        """In one more window, behind the first one; nobody looks for faults there."""
        self._ask("beside", url=path)

    def evaluate_everywhere(self, expression: str) -> list[Any]:
        """The same as `evaluate`, of all windows, the first one first."""
        return list(self._ask("everywhere", expression=expression))

    def look(self, name: str) -> Path:
        """Keep a screenshot of the whole page, as `browser.look` does."""
        path = screenshot_path(name)
        self._ask("screenshot", path=str(path))
        return path

    def take(self) -> list[Fault]:
        """All faults so far, which are then forgotten: for a test that expects some."""
        return [Fault(Kind[fault["kind"]], fault["text"]) for fault in self._ask("take")]

    def conclude(self) -> None:
        """Take the browser away; no page may have done anything wrong. A second call does nothing.

        Raises:
            LabError: it is gone already.
            AssertionError: what the pages did.
        """
        if self._concluded:
            return
        self._concluded = True
        faults = self.take()
        self._ask("close")
        self._driver.hang_up()
        self._driver.wait()
        assert not faults, "\n".join(map(str, faults))

    def _ask(self, do: str, **arguments: Any) -> Any:
        try:
            self._driver.type(json.dumps({"do": do, **arguments}))
        except OSError as problem:
            raise LabError(
                f"Firefox on {self.host.name} has ended by itself, or its host before it"
            ) from problem
        answer = self._driver.expect_event("answer", ANSWER_S)
        if "failed" in answer:
            raise LabError(f"Firefox on {self.host.name}: {do} {arguments}: {answer['failed']}")
        return answer["value"]

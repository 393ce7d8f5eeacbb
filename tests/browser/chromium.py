"""Chromium inside a host of the laboratory, driven from outside by Playwright through a pipe."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from browser.installed import CHROMIUM
from browser.watching import PageWatch
from lab import Host, LabError

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page, Playwright

WAIT_MS = 10_000.0  # for what a test waits for, if it does not say
# So that a host's packets are those of its pages and its node. Whatever it is told, Chromium looks for
# servers of its maker, all of them in .com: those names, and no others, lead nowhere. A page that wants one
# is seen all the same, by its request.
NOWHERE = "MAP *.com ^NOTFOUND"
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules={NOWHERE}",
]
FAKE_CAMERA, FAKE_CAMERA_SEES = ["--use-fake-device-for-media-stream"], "--use-file-for-fake-video-capture"
# It looks whether there is IPv6 by connecting a datagram socket to this address, and sends nothing. Without a
# route the kernel would count that as a try to leave.
PROBED = "2001:4860:4860::8888"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a person looks at; sizes in CSS pixels."""

    width: int
    height: int
    touch: bool = False


DESKTOP = Screen(width=1280, height=800)
PHONE = Screen(width=360, height=740, touch=True)


class Chromium:
    """Made by the fixture `browser_on`; each page is of a person of its own: no cookie is shared."""

    def __init__(self, playwright: "Playwright", host: Host, *, film: Path | None = None) -> None:
        """Start it, with a fresh profile.

        Args:
            film: what its camera sees, again and again (`browser.film`); without one it has no camera.

        Raises:
            playwright.sync_api.Error: it did not start.
        """
        self.host = host
        self._watches: dict[Page, PageWatch] = {}
        self._concluded = False
        host.in_here().ask("ip", lines=[f"route replace {PROBED}/128 dev lo"])
        # Playwright talks to it over the pipes 3 and 4, which go through the commands that enter the host.
        wrapper = host.home.with_name(f"{host.name}.chromium")
        command = shlex.join(host.in_here().command([CHROMIUM]))
        wrapper.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o700)
        kept: dict[str, str | float | bool] = {
            name: value for name, value in os.environ.items() if not name.startswith("XDG_")
        }
        self._browser = playwright.chromium.launch(
            executable_path=wrapper,
            # Who runs the laboratory is root in a host, always, and for root Chromium has no sandbox.
            chromium_sandbox=False,
            args=FLAGS if film is None else [*FLAGS, *FAKE_CAMERA, f"{FAKE_CAMERA_SEES}={film}"],
            env=kept | {"HOME": str(host.home)},
        )

    def page(
        self,
        origin: str,
        *,
        besides: Sequence[str] = (),
        screen: Screen = DESKTOP,
        locale: str = "en-GB",
        dark: bool = False,
        reduced_motion: bool = False,
        cpu_slowdown: float = 1.0,
        camera: bool = False,
    ) -> "Page":
        """A new person's first page, empty still; `goto` takes paths below `origin`.

        Args:
            origin: of the node, as "http://127.0.0.1:8000": every request must go there.
            besides: whole addresses that may be asked for, too, as that of a local file.
            screen: its size, and whether it is touched.
            locale: the person's language, as browsers tell it.
            dark: the person wants it dark.
            reduced_motion: the person wants nothing to move.
            cpu_slowdown: how many times slower than this machine.
            camera: the person lets its page have the camera; else refuses it.
        """
        context = self._browser.new_context(
            base_url=origin,
            viewport={"width": screen.width, "height": screen.height},
            has_touch=screen.touch,
            is_mobile=screen.touch,
            locale=locale,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if reduced_motion else "no-preference",
        )
        context.set_default_timeout(WAIT_MS)
        context.grant_permissions(["camera"] if camera else [], origin=origin)
        page = context.new_page()
        watch = self._watches[page] = PageWatch(context, page, origin, besides)
        if cpu_slowdown != 1.0:
            watch.slow_down(cpu_slowdown)
        return page

    def watch_of(self, page: "Page") -> PageWatch:
        """What a page of this browser did wrong so far."""
        return self._watches[page]

    def session(self) -> "CDPSession":
        """With the browser itself, for what no page can do: the Chrome DevTools Protocol."""
        return self._browser.new_browser_cdp_session()

    def conclude(self) -> None:
        """Take the browser away; none of its pages may have done anything wrong. A second call does nothing.

        Raises:
            LabError: it is gone already.
            AssertionError: what the pages did.
        """
        if self._concluded:
            return
        self._concluded = True
        from playwright.sync_api import Error  # noqa: PLC0415 - only `dev.py test` has installed it

        try:
            faults = [fault for watch in self._watches.values() for fault in watch.take()]
            self.session().send("Browser.getVersion")
        except Error as problem:
            raise LabError(
                f"Chromium on {self.host.name} has ended by itself, or its host before it"
            ) from problem
        finally:
            self._browser.close()
        assert not faults, "\n".join(map(str, faults))

"""Real browsers on hosts of the laboratory, watched while they look at a page of the node there.

    def test_it(lab, browser_on, firefox_on):
        host = lab.host("a")
        browser = browser_on(host)                             # Chromium, ended and judged after the test
        page = browser.page("http://127.0.0.1:8000", screen=PHONE, locale="ar", dark=True)
        page.goto("/")                                         # a Page of Playwright, with all it can
        look(page, "first-page-ar-phone-dark")                 # a screenshot in .dev/reports/screens
        accessible(page)                                       # axe-core: nothing serious or critical
        [fault] = browser.watch_of(page).take()                # a fault that this test wants to see

        fox = firefox_on(host, "http://127.0.0.1:8000")        # Firefox; fewer words: browser/firefox.py
        fox.open("/")

After the test each page must be without faults: a request to another origin than the one it was opened for, a
violation of the content security policy, an error on the console, an uncaught exception, a crash.
A browser itself says nothing to any network, so the laboratory may count its host's packets as ever.

`lab` has to be asked for before the browsers, since what is made last ends first. While a test has Chromium,
its thread has an event loop: no `asyncio.run` there. Types of Playwright are imported under TYPE_CHECKING:
only `dev.py test` installs it, and `check` reads all files of tests, too.
"""

from browser.axe import accessible
from browser.chromium import DESKTOP, PHONE, Chromium, Screen
from browser.firefox import Firefox
from browser.reports import look
from browser.watching import Fault, PageWatch

__all__ = ["DESKTOP", "PHONE", "Chromium", "Fault", "Firefox", "PageWatch", "Screen", "accessible", "look"]

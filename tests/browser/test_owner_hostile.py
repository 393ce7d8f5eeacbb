"""What others try on the owner's page: a page of another port, a copied address, hostile names (G1, T1)."""

import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from browser.owner import Owner, go, seen
from browser.pytest_plugin import BrowserOn
from browser.waiting import until
from browser.watching import Fault
from end_to_end.acquainted import couple, made
from end_to_end.programs import Person
from lab import Host, Lab
from lab.namespace import wait_until

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.lab
HERE_MS = 60_000
ELSEWHERE = 8123
TRIES = """<!doctype html><title>games</title>
<iframe name="frame" src="{base}/people"></iframe>
<form method="post" action="{base}/lock" target="form"></form><iframe name="form"></iframe>
<script>
window.read = "";
const keep = (text) => {{ window.read += text; }};
for (const path of ["/people", "/static/page.js", "/live"])
    fetch("{base}" + path, {{credentials: "include"}}).then((got) => got.text()).then(keep, () => {{}});
for (const method of ["POST", "PUT"])
    fetch("{base}/lock", {{method, mode: "no-cors", credentials: "include", body: "x=1"}}).catch(() => {{}});
document.forms[0].submit();
</script>
<script src="{base}/static/page.js"></script>
<img src="{base}/static/icon.svg" onload="window.read += 'a picture'">
"""


def serve(host: Host, folder: Path) -> None:
    """Another person's server on the same machine."""
    line = [sys.executable, "-m", "http.server", str(ELSEWHERE), "--bind", "127.0.0.1", "-d", str(folder)]
    serving = host.talk(["env", "PYTHONUNBUFFERED=1", *line])
    serving.expect("Serving")


def test_a_page_of_another_port_reads_and_does_nothing(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    """In the very browser that has the cookie, and although it knows the whole address."""
    amina, _ = couple(lab)
    owner, browser = Owner.up(amina), browser_on(amina.host)
    page = owner.page(browser)
    base = owner.origin + str(page.get_attribute("body", "data-base"))
    (tmp_path / "index.html").write_text(TRIES.format(base=base))
    serve(amina.host, tmp_path)
    other = page.context.new_page()
    other.goto(f"http://127.0.0.1:{ELSEWHERE}/index.html")
    other.wait_for_timeout(2000)
    assert other.evaluate("window.read") == ""
    for frame in other.frames[1:]:
        assert "bilal" not in frame.content()
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert cookies["satchel"]["httpOnly"]
    assert cookies["satchel"]["sameSite"] == "Strict"
    other.close()
    browser.watch_of(page).take()  # all of that was refused, and is on the console
    go(page, "/people")
    assert "bilal" in page.inner_text("#people")


NEXT = """
import http.server, sys
class Next(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[2], "a") as kept:
            kept.write(self.command + " " + self.path + "\\n")
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"event: changed\\ndata:\\n\\n")
    do_POST = do_PUT = do_GET
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Next)
print("Serving", flush=True)
server.serve_forever()
"""


def end_and_take_the_port(owner: Owner, kept: Path) -> None:
    """Satchel ends, and another person's server is at its port before anybody can ask there.

    The kernel keeps a port for a minute after connections that the node has closed first: here it does not.

    Args:
        kept: where that server writes down what it is asked; it is not there as long as it is asked nothing.
    """
    host = owner.person.host
    host.run(["sysctl", "-w", "net.ipv4.tcp_max_tw_buckets=0"])
    owner.node.end()
    host.talk([sys.executable, "-c", NEXT, str(urlsplit(owner.origin).port), str(kept)]).expect("Serving")


def test_who_has_the_port_next_gets_nothing_from_a_window_that_stays_open(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    """[2.8] They could ask for the passphrase in it, or be given the files that are chosen there."""
    amina, _ = couple(lab)
    owner, browser = Owner.up(amina), browser_on(amina.host)
    page = owner.page(browser)
    go(page, "/give")
    kept = tmp_path / "asked"
    end_and_take_the_port(owner, kept)
    page.wait_for_selector("#ended", timeout=HERE_MS)
    assert page.locator("form, input, nav").count() == 0  # nothing to choose, and nowhere to go
    page.wait_for_timeout(5000)  # by itself a browser would ask again after three seconds
    assert page.is_visible("#ended")
    assert not kept.exists()
    browser.watch_of(page).take()


def test_a_copied_address_shows_nothing_in_another_browser(lab: Lab, browser_on: BrowserOn) -> None:
    from playwright.sync_api import Error  # noqa: PLC0415 - only `dev.py test` has installed it

    amina, _ = couple(lab)
    owner, browser = Owner.up(amina), browser_on(amina.host)
    page = owner.page(browser)
    go(page, "/people")
    stranger = browser.page(owner.origin)
    with pytest.raises(Error, match="ERR_HTTP_RESPONSE_CODE_FAILURE"):  # not a byte to show
        stranger.goto(page.url)
    refused: list[Fault] = []  # Chromium tells it on its console when it likes

    def is_told() -> bool:
        refused.extend(browser.watch_of(stranger).take())
        return bool(refused)

    wait_until(is_told, 10, pause_s=0.1)
    assert [fault for fault in refused if "401" not in fault.text] == []


def test_only_this_machine_and_its_own_name_are_answered(lab: Lab) -> None:
    """DNS rebinding; and from the network nobody even gets a connection."""
    amina, bilal = couple(lab)
    owner = Owner.up(amina)
    port = urlsplit(owner.origin).port
    ask = (
        "import http.client, sys\n"
        "c = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=3)\n"
        "try:\n"
        "    c.request('GET', '/', headers={'Host': sys.argv[3]})\n"
        "    print(c.getresponse().status)\n"
        "except OSError as refused:\n"
        "    print(type(refused).__name__)\n"
    )
    near = amina.host.run([sys.executable, "-c", ask, "127.0.0.1", str(port), f"satchel.evil.example:{port}"])
    assert near.stdout.strip() == str(HTTPStatus.MISDIRECTED_REQUEST.value)
    far = bilal.host.run([sys.executable, "-c", ask, amina.host.ip, str(port), f"127.0.0.1:{port}"])
    assert far.stdout.strip() == "ConnectionRefusedError"


def test_names_of_strangers_are_text_everywhere(lab: Lab, browser_on: BrowserOn, tmp_path: Path) -> None:
    """A file and a text with mark-up, bidi and terminal characters, from one page to the other."""
    amina, bilal = (Owner.up(made(Person(lab.host(name)))) for name in ("amina", "bilal"))
    here = amina.page(browser_on(amina.person.host))
    there = bilal.page(browser_on(bilal.person.host))
    file = tmp_path / "<img src=x onerror=document.title=1>\x1b]0;x\x07.txt"
    file.write_text("x")
    go(here, "/give")
    here.set_input_files("input[data-files] >> nth=0", file)
    here.click("form[data-give] summary")
    here.fill("textarea", "<script>document.title = 'x'</script>\N{RIGHT-TO-LEFT OVERRIDE}" + "y" * 4000)
    here.click("form[data-give] > button")
    code = here.inner_text(".code", timeout=HERE_MS)
    go(there, "/take")
    there.fill("input[name=code]", code)
    there.click("form[action$='/take'] button")
    there.wait_for_selector(".offer", timeout=HERE_MS)
    assert "onerror" in there.inner_text(".offer")
    there.click("button[value=some]")
    there.wait_for_selector(".notice.good", timeout=HERE_MS)
    assert "<script>" in there.inner_text(".text")
    assert r"\u{202e}" in there.inner_text(".text")
    seen(there, "owner-hostile-text")
    for page in (here, there):
        assert page.title() == "Satchel"
        assert page.locator("img[src=x]").count() == 0


def test_a_file_goes_on_after_the_page_was_loaded_again(
    lab: Lab, browser_on: BrowserOn, tmp_path: Path
) -> None:
    """[4.2] What is there already is not brought again."""
    amina, bilal = couple(lab)
    owner = Owner.up(amina)
    page = owner.page(browser_on(amina.host))
    film = tmp_path / "film.bin"
    film.write_bytes(bytes(range(256)) * (240 << 12))
    brought: list[int] = []

    def count(request: "object") -> None:
        method, url = request.method, request.url  # type: ignore[attr-defined]
        if method == "PUT":
            brought.append(int(url.rpartition("=")[2]))

    page.on("request", count)
    go(page, "/people")
    page.click(".rows a")
    page.set_input_files("input[data-files] >> nth=0", film)
    page.click("form[data-give] > button")
    until(page, "document.querySelector('form [data-sent]').value > 3e7")
    page.reload()
    before = len(brought)
    assert before < 30
    page.set_input_files("input[data-files] >> nth=0", film)
    page.click("form[data-give] > button")
    page.wait_for_selector("#around", timeout=HERE_MS)
    assert min(brought[before:]) > 2e7
    there = Owner.up(bilal).page(browser_on(bilal.host))
    there.wait_for_selector("form[action$='/look'] button", timeout=HERE_MS)
    there.click("form[action$='/look'] button")
    there.wait_for_selector("button[value=some]", timeout=HERE_MS)
    there.click("button[value=some]")
    there.wait_for_selector(".notice.good", timeout=HERE_MS)
    assert (bilal.into / "film.bin").read_bytes() == film.read_bytes()

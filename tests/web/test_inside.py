"""The pages of a running node: what each deed does, what names of strangers cannot do (G1, T1; page 4)."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.node_kit import LIMIT_S, Served, serving
from satchel.cli.jobs import JOBS_MAX
from satchel.errors import EnvironmentProblem
from satchel.ports import HandoverId, RecordHead, Role
from satchel.store.landing import FolderLanding
from satchel.store.records import SqliteRecords
from store.record_samples import entry, head
from web.browsing import Answer, Browser

HOSTILE = "<img src=x onerror=alert(1)>"
PAGES = [
    "/",
    "/people",
    "/give",
    "/take",
    "/pair",
    "/waiting",
    "/care",
    "/care/passphrase",
    "/care/backup",
    "/settings",
]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal", HOSTILE) as running:
        yield running


@pytest.fixture
def browser(served: Served) -> Browser:
    assert served.page is not None
    return Browser(served.page)


def person(browser: Browser, name: str) -> str:
    """The path of the page of this contact."""
    for path in browser.get("/people").links(r"/people/[0-9a-f]{16}"):
        if name in browser.get(path).text:
            return path
    raise AssertionError(name)


def until(browser: Browser, path: str, wanted: str) -> Answer:
    limit_s = time.monotonic() + LIMIT_S
    while wanted not in (answer := browser.get(path)).text:
        assert time.monotonic() < limit_s, answer.text
        time.sleep(0.05)
    return answer


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_a_page_with_every_header(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == 200
    assert "<title>Satchel</title>" in answer.body
    wanted = dict(browser.gate.headers(browser.gate.base + path))
    assert {name: answer.headers[name] for name in wanted} == wanted


def test_one_page_may_ask_for_a_camera_and_no_other(browser: Browser) -> None:
    """[6.1] B1: what is read on another page may not, whatever it brings along."""
    for path in (
        "/",
        "/people",
        "/give",
        "/take",
        "/pair",
        "/pair/",
        "/waiting",
        "/care",
        "/static/camera.js",
    ):
        allowed = browser.get(path).headers["permissions-policy"]
        assert ("camera=(self)" in allowed) == (path == "/pair"), path
        assert ("camera=()" in allowed) == (path != "/pair"), path


def test_what_cannot_be_asked_for_again_is_not(browser: Browser) -> None:
    """[4.6] What a form was answered with has an address for forms only; what is not there stays so."""
    renews = 'data-worker="live.js" data-renews>'
    assert renews in browser.get("/settings").body
    for answer in (browser.post("/settings/into", {"which": "own"}), browser.get("/errands/0")):
        assert answer.status >= 400
        assert renews not in answer.body
        assert 'data-worker="live.js">' in answer.body


def test_who_has_not_come_in_gets_no_page_and_no_file(browser: Browser) -> None:
    """[2.5]"""
    del browser.headers["cookie"]
    for path in ("/", "/people", "/static/page.js", "/live", "/nothing"):
        answer = browser.get(path)
        assert (answer.status, answer.body) == (401, "")
        assert answer.headers["cache-control"] == "no-store"


def test_a_foreign_page_locks_nothing(browser: Browser, served: Served) -> None:
    assert browser.post("/lock", origin="http://evil.example").status == 403
    assert browser.post("/wipe", {"word": "wipe"}, origin="null").status == 403
    assert not served.locked.wait(0.3)


def test_names_stand_in_no_address(browser: Browser) -> None:
    """T1: the history of a browser lies on the disk."""
    body = browser.get("/people").body
    assert "bilal" in body
    assert not [link for link in browser.get("/people").links('[^"]*') if "bilal" in link]


def test_mark_up_in_a_name_is_text(browser: Browser) -> None:
    for path in ("/people", person(browser, HOSTILE)):
        answer = browser.get(path)
        assert HOSTILE in answer.text
        assert "<img src=x" not in answer.body


def test_a_contact_is_renamed_and_forgotten(browser: Browser) -> None:
    renamed = browser.post(person(browser, "bilal") + "/rename", {"name": "Bilal\u202eexe"})
    assert r"Bilal\u{202e}exe" in renamed.text
    gone = browser.post(person(browser, "Bilal") + "/forget")
    assert "Bilal" not in gone.text
    assert "<img" in gone.text


@pytest.mark.parametrize("name", ["--", "-", "--ephemeral", "-h", "--json", "--home=/tmp"])
def test_a_name_is_never_an_option(browser: Browser, served: Served, name: str) -> None:
    """What somebody is called stands in the words of a command: as an operand, whatever it begins with."""
    path = browser.post(person(browser, "bilal") + "/rename", {"name": name}).path
    assert name in {contact.name for contact in served.profile.contacts.all()}
    browser.post(path + "/taking", {"how": "refuse"})
    browser.post(path + "/give", {"text": "hello"})
    assert len(served.profile.queue.all()) == 1
    until(browser, browser.post(path + "/verify").path, "is verified already")
    looking = browser.post(path + "/look")
    assert f"From {name} Looking for" in looking.text
    assert "Stopped." in until(browser, browser.post(f"{looking.path}/stop").path, "Stopped.").text
    browser.post(path + "/forget")
    assert name not in {contact.name for contact in served.profile.contacts.all()}


def test_what_is_taken_unasked_is_chosen(browser: Browser) -> None:
    path = person(browser, "bilal")
    assert 'value="ask" checked' in browser.get(path).body
    assert 'value="refuse" checked' in browser.post(path + "/taking", {"how": "refuse"}).body
    assert browser.post(path + "/taking", {"how": "everything"}).status >= 400


def test_a_text_waits_for_a_contact_until_it_is_taken_back(browser: Browser, served: Served) -> None:
    browser.post(person(browser, "bilal") + "/give", {"text": "Come at six.\r\nThe two of us"})
    [queued] = served.profile.queue.all()
    assert queued.note == "Come at six.\nThe two of us"
    waiting = browser.get("/waiting")
    assert "bilal" in waiting.text
    assert "Come at six" not in waiting.body
    [remove] = waiting.links("/waiting/[0-9a-f]{32}/remove")
    assert "Nothing waits." in browser.post(remove).text
    assert not served.profile.queue.all()


def asked_to_bring(*path: str, size: int, group: str = "ab" * 16) -> dict[str, object]:
    return {"group": group, "files": [{"path": path, "size": size, "mtime_ns": 1}]}


def begin(browser: Browser, *path: str, size: int, group: str = "ab" * 16) -> str:
    """The id of what is begun."""
    [begun] = browser.send("POST", "/uploads", asked_to_bring(*path, size=size, group=group))["uploads"]
    assert begun["have"] == 0
    id: str = begun["id"]
    return id


def test_what_a_browser_brings_waits_for_a_contact(browser: Browser, served: Served) -> None:
    """[4.2] Through the same routes as the control API's, behind the gate."""
    group = "ab" * 16
    id, other = begin(browser, "<b>.txt", size=5), begin(browser, "<i>.txt", size=3)
    assert browser.send("PUT", f"/uploads/{id}?at=0", b"hello") == {"have": 5}
    assert browser.send("PUT", f"/uploads/{id}?at=9", b"hello")["have"] == 5
    assert browser.send("PUT", "/uploads?count=2", f"{id}{other}helloyou".encode()) == {"whole": 2}
    browser.post(person(browser, "bilal") + "/give", {"upload": group, "text": ""})
    waiting = browser.get("/waiting")
    assert "<b>.txt" in waiting.text
    assert "<b>" not in waiting.body


def test_what_was_begun_and_not_sent_is_listed_and_removed(browser: Browser, served: Served) -> None:
    """[4.9, T2] Half a file of a window that was closed: nothing of it stays."""
    id = begin(browser, "<b>Trip", "a.txt", size=300_000)
    browser.send("PUT", f"/uploads/{id}?at=0", bytes(270_000))
    sent = begin(browser, "map", size=5, group="cd" * 16)
    browser.send("PUT", f"/uploads/{sent}?at=0", b"hello")
    browser.post(person(browser, "bilal") + "/give", {"upload": "cd" * 16})
    waiting = browser.get("/waiting")
    assert "Not sent" in waiting.text
    assert "<b>Trip 262 kB of 300 kB Remove" in waiting.text
    assert "<b>" not in waiting.body
    [remove] = waiting.links("/unsent/[0-9a-f]{32}/remove")
    assert browser.post("/unsent/" + "cd" * 16 + "/remove").status == 400  # it waits for somebody
    assert browser.post("/unsent/here/remove").status == 400
    for _twice in range(2):
        assert "Not sent" not in browser.post(remove).text
    [left] = served.profile.uploads.all()
    assert left.path == (b"map",)
    assert len(list((served.home / "blobs").iterdir())) == 1


def begun(served: Served, number: int, role: Role, name: str | None = None) -> RecordHead:
    """Something unfinished, and its folder: from this contact, or with a code."""
    contact = next((one.id for one in served.profile.contacts.all() if one.name == name), None)
    one = replace(head(HandoverId(b"%016d" % number), role), into=b"", contact=contact, secret=b"")
    if role is Role.RECEIVER:
        one = replace(one, into=os.fsencode(served.into), theirs=b"%016d" % number if contact else b"")
        FolderLanding.open(served.into, one.id).close(remove=False)
    records = SqliteRecords(served.profile.database)
    records.create(one, [replace(entry(0, b"<b>film", b"1"), size=4_200_000)])
    return one


def test_what_is_unfinished_has_names_on_the_first_page_and_where_it_waits(
    browser: Browser, served: Served
) -> None:
    """[4.10, 4.17] G: as text."""
    begun(served, 1, Role.RECEIVER, "bilal")
    begun(served, 2, Role.RECEIVER)
    begun(served, 3, Role.SENDER)
    around, waiting = browser.get("/"), browser.get("/waiting")
    for page in (around, waiting):
        assert page.text.count("<b>film · 1 file · 4.2 MB") == 3
        assert "<b>" not in page.body
        assert "What you receive: 1 Go on receiving <b>film" in page.text
        assert "What you send: 1 Go on sending <b>film" in page.text
    assert "From bilal verified broken off; it goes on when you meet again <b>film" in around.text


@pytest.mark.parametrize("page", ["/", "/waiting"])
def test_what_comes_is_stopped_where_it_stands(browser: Browser, served: Served, page: str) -> None:
    """[4.17] And what is there of it in part goes. To who gives it: node/test_stopping."""
    begun(served, 1, Role.RECEIVER, "bilal")
    begun(served, 2, Role.RECEIVER)
    begun(served, 3, Role.SENDER)
    assert len(list(served.into.iterdir())) == 2
    for count in (3, 2, 1):
        stops = browser.get(page).links("/(?:moving|waiting)/[0-9a-f]{32}/remove")
        assert len(stops) == count
        assert browser.post(stops[0]).path == page
    assert not any(served.into.iterdir())
    told = browser.get("/").text
    assert "From bilal verified stopped" in told
    assert "<b>film" not in told
    assert "Broken off" not in told
    [stopped] = served.profile.records.of_contacts(Role.RECEIVER)
    assert stopped.is_refused


def test_what_waits_for_a_word_is_told_on_every_page(
    browser: Browser, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[4.18] By a number, and a sentence for who does not see it; the title says no more (T1)."""
    mark = '<span class="mark" aria-hidden="true">'
    for path in PAGES:
        assert mark not in browser.get(path).body
    offer = {"contact": "bilal", "verified": True, "entries": 1}
    monkeypatch.setattr(served.node, "asked", lambda: [offer, offer])
    for path in PAGES:
        body = browser.get(path).body
        assert "<title>(2) Satchel</title>" in body
        assert f'{mark}2</span> <span class="unseen">2 questions wait for you</span></a>' in body


def test_a_script_is_told_in_the_language_of_the_page_why_not(served: Served) -> None:
    """[5.4] What it shows is text: names are isolated in it."""
    assert served.page is not None
    french = Browser(served.page, language="fr")
    told = french.send("PUT", f"/uploads/{'ab' * 16}?at=0", b"hello")
    assert told == {
        "what": "Ce qui a été chargé n’est plus ici.",
        "safe": "Rien n’a été modifié.",
        "do": "Chargez ce fichier de nouveau.",
    }
    arabic = Browser(served.page, language="ar")
    told = arabic.send("POST", "/uploads", asked_to_bring("a", size=5, group="x"))
    assert told["what"].endswith(": \u2066api 4.1: `group` is named by 32 hexadecimal digits.\u2069")
    assert told["safe"] == told["do"] == ""


def test_no_other_page_brings_anything(browser: Browser) -> None:
    asked = asked_to_bring("a", size=5)
    assert browser.send("POST", "/uploads", asked, origin="http://evil.example") is None
    assert browser.send("PUT", "/uploads?count=1", b"ab" * 16 + b"hello", origin="null") is None
    assert browser.send("PUT", f"/uploads/{'ab' * 16}?at=0", b"hello", origin="null") is None


def test_many_errands_keep_nobody_from_seeing_them(browser: Browser) -> None:
    """[4.8] Each waits for somebody, and who cannot see them can stop none. Nor from what is done at once."""
    begun = [browser.post("/give", {"text": "hello"}) for _ in range(JOBS_MAX)]
    assert "16 codes, pairings and hand-overs" in browser.post("/give", {"text": "hello"}).text
    for path in ("/", "/people", "/waiting", begun[0].path):
        assert browser.get(path).status == 200
    assert "Bilal B" in browser.post(person(browser, "bilal") + "/rename", {"name": "Bilal B"}).text
    assert "Bilal B" not in browser.post(person(browser, "Bilal B") + "/forget").text
    for errand in begun:
        browser.post(errand.path + "/stop")


def test_nothing_to_send_is_said(browser: Browser) -> None:
    assert "There is nothing to send." in browser.post("/give", {"text": "  \r\n"}).text
    assert browser.post("/give", {"text": ""}).status == 400


def test_a_code_is_shown_and_stopped(browser: Browser) -> None:
    begun = browser.post("/give", {"text": "hello"})
    until(browser, begun.path, "Say this to the other person")
    browser.post(begun.path + "/stop")
    until(browser, begun.path, "Stopped.")


def test_a_wrong_code_is_said_in_three_sentences(browser: Browser) -> None:
    begun = browser.post("/take", {"code": "no such code"})
    assert "notice bad" in until(browser, begun.path, "Once more").body


def test_an_answer_to_what_is_not_asked_changes_nothing(browser: Browser) -> None:
    begun = browser.post("/give", {"text": "hello"})
    assert browser.post(begun.path + "/answer", {"what": "words", "answer": "y"}).status == 400


@pytest.mark.parametrize(
    "path", ["/people/0000000000000000", "/errands/0000000000000000", "/static/../door.py"]
)
def test_what_is_not_there(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


def test_lock(browser: Browser, served: Served) -> None:
    """Nothing is called locked that has no passphrase."""
    told = browser.post("/lock").text
    assert "Satchel is ending" in told
    assert "It has no passphrase" in told
    assert "locked" not in told
    assert served.locked.wait(LIMIT_S)
    assert not served.wiped.is_set()


def test_wipe_asks_twice(browser: Browser, served: Served) -> None:
    refused = browser.post("/wipe", {"word": "yes"})
    assert "Not destroyed." in refused.text
    assert not served.locked.wait(0.3)
    assert "Everything is destroyed" in browser.post("/wipe", {"word": " wipe "}).text
    assert served.wiped.is_set()  # before anything else: who is at the door may pull the plug
    assert served.locked.wait(LIMIT_S)


def test_nothing_is_said_to_be_destroyed_that_is_not(browser: Browser, served: Served) -> None:
    """T3: on a disk that has become read-only, for instance."""

    def fail() -> None:
        raise EnvironmentProblem("The disk is read-only.")

    served.destroy = fail
    told = browser.post("/wipe", {"word": "wipe"})
    assert "The disk is read-only." in told.text
    assert "Everything is destroyed" not in told.text
    assert not served.locked.wait(0.3)


def test_a_window_of_the_first_start_that_comes_too_late_is_told_so(browser: Browser) -> None:
    """[3.4] When the profile is open, too: somebody may believe that their passphrase protects it."""
    late = browser.post("/begin", {"which": "own", "passphrase": "x" * 20, "again": "x" * 20})
    assert "was not used" in late.text
    assert "no passphrase was chosen" in late.text
    assert "Near you" in browser.post("/unlock", {"passphrase": "x" * 20}).text


def test_the_language_of_the_browser(browser: Browser) -> None:
    browser.headers["accept-language"] = "xx, ar-EG;q=0.9, en;q=0.1"
    assert '<html lang="ar" dir="rtl">' in browser.get("/").body


def test_who_has_shown_nothing_yet_is_read_for_a_token_and_no_more(browser: Browser) -> None:
    """[2.2] A right token behind a long form opens nothing."""
    long = {"token": browser.gate.token, "more": "x" * 256}
    assert browser.post("/enter", long, origin="null").status == 403
    assert browser.post("/enter", {"token": browser.gate.token}, origin="null").status == 200


def test_a_form_without_end_is_refused(browser: Browser, served: Served) -> None:
    """M3: it is not read to its end, and the node goes on."""
    assert browser.post("/take", {"code": "x" * (5 << 20)}).status == 400
    assert served.is_well()

"""The conversation with a contact on the page: what was written is shown as it is, goes, and is erased.

C1, T1, T2, M4, G; page 7.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cli.letters_kit import FOUR, HOSTILE, kept_for_newer, letters_of_two
from cli.node_kit import Served
from satchel.core.sealing.letter import Attachment, Letter, LetterId
from satchel.node.events import LetterCame
from satchel.ports.letters import StoredLetter
from satchel.store.custody import custody_in_memory
from satchel.web.owner.letters_page import PAGE_LETTERS
from store.contact_samples import AMINA, BILAL
from store.letter_samples import ONE, TWO, Desk, letter
from web.browsing import Answer, Browser

GROUP = "5e" * 16


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with letters_of_two(tmp_path / "profile") as running:
        yield running


@pytest.fixture
def browser(served: Served) -> Browser:
    assert served.page is not None
    return Browser(served.page)


def place_of(browser: Browser, name: str = "Amina") -> str:
    """Of the letters with this contact."""
    rows = browser.get("/people").body.partition('id="people"')[2].split("<li ")
    [row] = [row for row in rows if name in row]
    return row.partition(browser.gate.base)[2].partition('"')[0] + "/letters"


def conversation(served: Served) -> dict[LetterId, StoredLetter]:
    return {one.id: one for one in served.profile.post.letters.conversation(AMINA)}


def letter_places(page: Answer) -> list[str]:
    """Of what stands on a page, in its order."""
    return [link.removesuffix("/delete") for link in page.links("/people/[0-9a-f]+/letters/[0-9a-f]+/delete")]


def test_both_sides_stand_in_their_order_with_what_is_known(browser: Browser) -> None:
    page = browser.get(place_of(browser))
    assert page.status == 200
    assert page.text.index("Wait for us.") < page.text.index("We go north.")
    for shown in ("We go north.", "photo 0.jpg", "photo 1.jpg", "In answer to: The well is dry.", "You"):
        assert shown in page.text
    assert page.body.count('class="own"') == page.body.count('class="theirs"') == 1


def test_t1_no_name_and_no_id_stands_in_an_address(browser: Browser) -> None:
    page = browser.get(place_of(browser))
    for id in (ONE, TWO):
        assert id.hex() not in page.body
    assert not [link for link in page.links('[^"]*') if "Amina" in link or "photo" in link]


def test_what_needs_a_newer_version_is_counted(browser: Browser, served: Served) -> None:
    assert "newer Satchel" not in browser.get(place_of(browser)).text
    kept_for_newer(served, AMINA, 2)
    assert "2 letters need a newer Satchel. They are kept until then." in browser.get(place_of(browser)).text
    assert "newer Satchel" not in browser.get(place_of(browser, "Bilal")).text


def test_what_others_wrote_is_text(browser: Browser) -> None:
    """G: mark-up, what drives a terminal, what turns a line; an address is text, and leads nowhere."""
    page = browser.get(place_of(browser, "Bilal"))
    assert "<b>" not in page.body
    assert r"\u{1b}[2J<b>\u{202e}| Letter 1, from Amina" in page.text
    assert HOSTILE.splitlines()[1] in page.text


def test_an_address_in_a_letter_leads_nowhere(browser: Browser, served: Served) -> None:
    """[7.5] What loads from elsewhere tells who is there, and when."""
    address = "https://tracker.example/?amina"
    with closing(custody_in_memory()) as custody:
        desk = Desk(served.home, served.profile.database, custody)
        desk.receive(AMINA, 2, FOUR, letter(f"See {address} soon", 3))
    page = browser.get(place_of(browser))
    assert address in page.text
    assert not [link for link in page.links('[^"]*') if "tracker" in link]


def test_what_is_written_is_sealed_with_what_the_browser_brought(browser: Browser, served: Served) -> None:
    chosen = [{"path": [name], "size": 4, "mtime_ns": 0} for name in ("map.png", "b.txt")]
    begun = browser.send("POST", "/uploads", {"group": GROUP, "files": chosen})
    ids = [one["id"] for one in begun["uploads"]]
    browser.send("PUT", "/uploads?count=2", "".join(ids).encode() + b"mapsabcd")
    place = place_of(browser)
    page = browser.get(place)
    answered = letter_places(page)[1].rpartition("/")[2]
    form = browser.get(f"{place}?answer={answered}")
    assert "In answer to: The well is dry." in form.text
    fields = {"text": "We\r\nwait.", "upload": GROUP, "expires": "3", "answer": answered}
    page = browser.post(place, fields)
    assert "We\nwait." in page.body
    [written] = [one for one in conversation(served).values() if one.id not in (ONE, TWO)]
    whole = served.profile.post.letters.letter(AMINA, written.id)
    assert (whole.text, whole.reply_to) == ("We\nwait.", ONE)
    assert {one.name: one.content for one in whole.attachments} == {b"map.png": b"maps", b"b.txt": b"abcd"}
    assert whole.expiry_hour is not None
    assert whole.written_s is not None
    assert whole.expiry_hour - (whole.written_s - 1_577_836_800) // 3600 == 3 * 24
    assert browser.send("GET", "/uploads", None)["uploads"] == []  # it lies in the letter now (T2)


@pytest.mark.parametrize(
    ("path", "said"), [(["folder", "a"], "Not all of this"), (["a"], "What is being uploaded")]
)
def test_what_cannot_be_written_is_not_typed_twice(browser: Browser, path: list[str], said: str) -> None:
    place = place_of(browser)
    begun = browser.send("POST", "/uploads", {"group": GROUP, "files": [_file(path)]})
    if len(path) > 1:
        browser.send("PUT", "/uploads?count=1", begun["uploads"][0]["id"].encode() + b"x")
    page = browser.post(place, {"text": "Three hours of <typing>", "upload": GROUP, "expires": "7"})
    assert page.status >= 400
    assert said in page.text
    assert "Three hours of &lt;typing&gt;</textarea>" in page.body
    assert '<option value="7" selected>' in page.body
    assert "data-renews" not in page.body
    assert "This letter is empty." in browser.post(place, {"text": " \r\n"}).text


def _file(path: list[str]) -> dict[str, object]:
    return {"path": path, "size": 1, "mtime_ns": 0}


def test_a_file_is_saved_and_never_shown(browser: Browser, served: Served) -> None:
    """B1, M4, G: the browser is told one name that drives nothing, and no kind of content."""
    name = "..\\pic\u202egnp.html".encode()
    with closing(custody_in_memory()) as custody:
        desk = Desk(served.home, served.profile.database, custody)
        files = (Attachment(name=name, content=b"<script>alert(1)</script>"),)
        desk.receive(AMINA, 2, FOUR, replace(letter("See", 3), attachments=files))
    page = browser.get(place_of(browser))
    [link] = [
        one
        for one in page.links("/people/[0-9a-f/letrsin]+/files/0")
        if one.startswith(letter_places(page)[0])
    ]
    saved = browser.get(link)
    assert saved.body == "<script>alert(1)</script>"
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert saved.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''_.__pic_u%7B202e%7Dgnp.html"
    )
    assert browser.get(link[:-1] + "1").status == 404
    assert browser.get(link[:-1] + "x").status == 404


def test_t2_a_letter_is_erased_after_a_second_question(browser: Browser, served: Served) -> None:
    place = place_of(browser)
    own, theirs = letter_places(browser.get(place))
    assert browser.post(f"{theirs}/delete", origin="http://evil.example").status == 403
    assert browser.get(f"{theirs}/delete").status == 405
    assert len(conversation(served)) == 2
    page = browser.post(f"{theirs}/delete")
    assert "The well is dry." not in page.text.partition("In answer to")[2]
    assert [*conversation(served)] == [TWO]
    assert "is not here" in browser.post(f"{theirs}/delete").text
    assert "nobody was given it" in page.text or "is told to drop it" in page.text
    assert "There are no letters here." in browser.post(f"{own}/delete").text
    assert not conversation(served)


def test_a_letter_of_another_contact_is_out_of_reach(browser: Browser) -> None:
    amina, bilal = (place_of(browser, name) for name in ("Amina", "Bilal"))
    [theirs] = letter_places(browser.get(bilal))
    handle = theirs.rpartition("/")[2]
    for path in (f"{amina}/{handle}", f"{amina}?answer={handle}", f"{amina}/{'0' * 16}"):
        assert "is not here" in browser.get(path).text
    assert "is not here" in browser.post(f"{amina}/{handle}/delete").text
    assert browser.get(theirs).status == 200


def test_a_reply_to_what_it_cannot_know_opens_nothing_of_others(browser: Browser, served: Served) -> None:
    """M2: Bilal's letter says that it answers one of Amina's."""
    with closing(custody_in_memory()) as custody:
        desk = Desk(served.home, served.profile.database, custody)
        desk.receive(BILAL, 2, FOUR, replace(letter("An answer", 2), reply_to=ONE))
    page = browser.get(place_of(browser, "Bilal"))
    assert "In answer to another letter" in page.text
    shown = letter_places(page)
    [answered] = set(page.links("/people/[0-9a-f]+/letters/[0-9a-f]+")) - set(shown)
    assert "The well is dry." not in browser.get(answered).text
    assert "of another contact" in browser.post(f"{answered}/delete").text
    assert ONE in conversation(served)


def test_a_long_conversation_is_shown_in_parts_and_a_long_text_too(browser: Browser, served: Served) -> None:
    letters = served.profile.post.letters
    for number in range(3, 2 * PAGE_LETTERS + 3):
        id = LetterId(b"%016d" % number)
        letters.write(
            AMINA, id, Letter(order=number, text=f"letter {number:03}. " + "x" * 20_000 * (number == 102))
        )
    place = place_of(browser)
    page = browser.get(place)
    assert len(letter_places(page)) == PAGE_LETTERS
    assert "letter 102. " in page.text
    assert "x" * 3_000 not in page.text
    assert "x" * 20_000 in browser.get(letter_places(page)[0]).text
    [older] = page.links(r"/letters/older/\d+")
    second = browser.get(place + older.removeprefix("/letters"))
    assert "letter 052. " in second.text
    assert "Your letter" not in second.text
    third = browser.get(f"{place}/older/2")
    assert len(letter_places(third)) == 2
    assert third.links(r"/letters/older/\d+") == []
    assert browser.get(f"{place}/older/99999999").status == 200


def test_who_has_written_is_told_until_it_is_looked_at(browser: Browser, served: Served) -> None:
    """In memory only (T1)."""
    assert served.node is not None
    assert "has written" not in browser.get("/").text
    came = LetterCame(contact=AMINA, name="Amina", is_verified=True, id=ONE, text="The well", attachments=0)
    served.node.presence.hear(came)
    served.node.presence.hear(came)
    page = browser.get("/")
    assert "Amina has written 2 letters." in " ".join(page.text.split())
    assert "The well" not in page.text
    browser.get(place_of(browser))
    assert "has written" not in browser.get("/").text
    served.node.presence.hear(replace(came, id=None, text=""))
    assert "what this version cannot read" in browser.get("/").text

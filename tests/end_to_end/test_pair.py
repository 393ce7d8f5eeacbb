"""Two people pair with the real programs, on hosts of their own, while others are in the room."""

from pathlib import Path
from typing import Any

import pytest

from end_to_end.programs import SATCHEL, Person, events
from lab import Dialogue, Lab

pytestmark = pytest.mark.lab

SOON_S = 30.0
PASSPHRASE = "a long enough phrase"


def show(person: Person, *arguments: str) -> tuple[Dialogue, str, dict[str, Any]]:
    """The program, the picture's text, and the event with the code."""
    dialogue = person.satchel("pair", "--show", *arguments)
    picture = dialogue.expect_event("picture", SOON_S)["text"]
    return dialogue, picture, dialogue.expect_event("code", SOON_S)


def take(person: Person, line: str, *arguments: str) -> Dialogue:
    dialogue = person.satchel("pair", "--take", *arguments)
    dialogue.type(line)
    return dialogue


def contacts(person: Person) -> list[dict[str, Any]]:
    dialogue = person.host.talk(program(person, "contacts", "list"))
    assert dialogue.wait(SOON_S) in (0, 5), dialogue.text + dialogue.complaints
    return [event for event in events(dialogue) if event["event"] == "contact"]


def program(person: Person, *words: str) -> list[str]:
    return [*SATCHEL, *words, "--json", "--home", str(person.profile)]


def words(dialogue: Dialogue) -> list[str]:
    [event] = [event for event in events(dialogue) if event["event"] == "words"]
    return list(event["words"])


def well(*dialogues: Dialogue) -> None:
    for dialogue in dialogues:
        assert dialogue.wait(SOON_S) == 0, dialogue.text + dialogue.complaints


@pytest.mark.parametrize("is_typed", [False, True], ids=["found", "typed address"])
@pytest.mark.parametrize("way", ["code", "picture"])
def test_two_people_pair(lab: Lab, way: str, *, is_typed: bool) -> None:
    """P2: verified by code; by picture after both have said that the words are the same."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    showing, picture, code = show(amina, "--name", "Bilal", "--as", "Amina")
    at = ["--at", v4(code)] if is_typed else []
    taking = take(bilal, code["code"] if way == "code" else picture, *at)
    if way == "picture":
        for dialogue in (showing, taking):
            dialogue.expect_event("words", SOON_S)
            dialogue.type("yes")
    taking.type("My sister")
    well(showing, taking)
    if way == "picture":
        assert words(showing) == words(taking)
    met = "code" if way == "code" else "words_compared"
    assert contacts(amina) == [contact("Bilal", met)]
    assert contacts(bilal) == [contact("My sister", met)]
    proposed = [event["name"] for event in events(taking) if event["event"] == "paired"]
    assert proposed == ["Amina"]
    assert taking.expect_event("done")["contact"] == "My sister"


def contact(name: str, met: str) -> dict[str, Any]:
    verified = met != "unverified"
    return {"event": "contact", "contact": name, "verified": verified, "met": met, "taking": "ask"}


def v4(code: dict[str, Any]) -> str:
    addresses: list[str] = code["addresses"]
    return next(a for a in addresses if "[" not in a and not a.startswith("127."))


def test_p2_words_that_differ_forget_at_once(lab: Lab) -> None:
    """Mallory shows Bilal a picture of her own, and takes Amina's: both say no, and nobody is a contact."""
    amina, bilal, mallory = (Person(lab.host(name)) for name in ("amina", "bilal", "mallory"))
    real, picture, _ = show(amina, "--name", "Bilal")
    well(take(mallory, picture, "--yes", "--as", "Bilal"))
    false, lie, _ = show(mallory, "--yes", "--as", "Amina", "--name", "victim")
    fooled = take(bilal, lie, "--name", "Amina")
    for dialogue in (real, fooled):
        dialogue.expect_event("words", SOON_S)
    assert words(real) != words(fooled)
    for dialogue in (real, fooled):
        dialogue.type("no")
        assert dialogue.wait(SOON_S) == 4, dialogue.text
        assert "same" in events(dialogue)[-1]["what"]
    false.wait(SOON_S)
    assert contacts(amina) == contacts(bilal) == []


def test_p2_of_two_takers_the_second_is_told(lab: Lab) -> None:
    amina, bilal, mallory = (Person(lab.host(name)) for name in ("amina", "bilal", "mallory"))
    showing, picture, _ = show(amina, "--name", "Bilal")
    first = take(mallory, picture, "--yes")
    showing.expect_event("words", SOON_S)
    second = take(bilal, picture, "--yes")
    assert second.wait(SOON_S) == 4, second.text
    assert "faster" in events(second)[-1]["what"]
    assert showing.expect_event("scanned", SOON_S)["takers"] == 2
    showing.type("no")
    assert showing.wait(SOON_S) == 4
    well(first)
    assert contacts(amina) == contacts(bilal) == []


def test_two_takers_at_once_leave_one_contact(lab: Lab) -> None:
    amina, bilal, mallory = (Person(lab.host(name)) for name in ("amina", "bilal", "mallory"))
    showing, picture, _ = show(amina, "--yes", "--name", "Bilal")
    takers = [take(person, picture, "--yes") for person in (bilal, mallory)]
    well(showing)
    codes = sorted(dialogue.wait(75.0) for dialogue in takers)
    assert codes[0] == 0
    assert codes[1] in (4, 5)
    assert len(contacts(amina)) == 1
    assert len(contacts(bilal)) + len(contacts(mallory)) == 1


def test_words_may_be_compared_later(lab: Lab) -> None:
    """P2: until then the contact is unverified; then it is verified on each side by what its person says."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    showing, picture, _ = show(amina, "--name", "Bilal")
    taking = take(bilal, picture, "--name", "Amina")
    for dialogue in (showing, taking):
        dialogue.expect_event("words", SOON_S)
        dialogue.type("later")
    well(showing, taking)
    assert [each["verified"] for each in contacts(amina) + contacts(bilal)] == [False, False]
    told = words(showing)
    for person, name in ((amina, "Bilal"), (bilal, "Amina")):
        verifying = person.host.talk(program(person, "contacts", "verify", name))
        assert verifying.expect_event("words", SOON_S)["words"] == told
        verifying.type("yes")
        well(verifying)
    assert [each["verified"] for each in contacts(amina) + contacts(bilal)] == [True, True]


def test_ctrl_c_ends_it_and_leaves_what_was_paired(lab: Lab, tmp_path: Path) -> None:
    """Consent: stopping is no yes. A picture that nobody can use any more is not left lying about."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    png = tmp_path / "picture.png"
    showing, picture, _ = show(amina, "--png", str(png))
    taking = take(bilal, picture)
    for dialogue in (showing, taking):
        dialogue.expect_event("words", SOON_S)
        dialogue.process.send_signal(2)
        assert dialogue.wait(SOON_S) == 1
        assert events(dialogue)[-1]["what"] == "Stopped."
    assert not png.exists()
    assert [each["verified"] for each in contacts(amina) + contacts(bilal)] == [False, False]


@pytest.mark.parametrize("who", ["host", "taker"])
@pytest.mark.parametrize("event", ["searching", "paired", "words"])
def test_a_kill_leaves_both_or_one_and_pairing_again_works(lab: Lab, who: str, event: str) -> None:
    """Pairing 4.11: what is left of a broken one never stands in the way."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    showing, picture, _ = show(amina)
    taking = take(bilal, picture)
    dialogue = showing if who == "host" else taking
    (taking if event == "searching" else dialogue).expect_event(event, SOON_S)
    for each in (dialogue, showing, taking):
        each.process.kill()
        each.wait(SOON_S)
    left = len(contacts(amina)), len(contacts(bilal))
    assert left in ((0, 0), (1, 0), (1, 1)), left
    showing, _, code = show(amina, "--yes")
    taking = take(bilal, code["code"], "--yes")
    well(showing, taking)
    assert (len(contacts(amina)), len(contacts(bilal))) == (left[0] + 1, left[1] + 1)


def test_a_name_that_is_taken_is_refused_or_taken_over(lab: Lab) -> None:
    """Pairing 10.2: nothing says that it is the same person but the person."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    for _ in range(2):
        showing, _, code = show(amina, "--yes")
        taking = take(bilal, code["code"], "--yes")
        well(showing, taking)
    assert [each["contact"] for each in contacts(amina)] == ["New contact", "New contact 2"]
    refused = amina.satchel("pair", "--show", "--name", "New contact")
    assert refused.wait(SOON_S) == 2
    showing, _, code = show(amina)
    taking = take(bilal, code["code"], "--yes")
    for line in ("New contact 2", "yes"):
        showing.expect_event("ask", SOON_S)
        showing.type(line)
    well(showing, taking)
    assert [each["contact"] for each in contacts(amina)] == ["New contact", "New contact 2"]


def test_t1_a_thief_finds_no_name_and_no_trace_of_it(lab: Lab, tmp_path: Path) -> None:
    """T1: under a passphrase the files of the profile hold no name, no code, and nothing of the picture; no
    picture is left."""
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    making = amina.satchel("init")
    making.type(PASSPHRASE)
    well(making)
    png = tmp_path / "picture.png"
    showing = amina.satchel("pair", "--show", "--name", "Bilal the friend", "--png", str(png))
    showing.type(PASSPHRASE)
    picture = showing.expect_event("picture", SOON_S)["text"]
    code = showing.expect_event("code", SOON_S)["code"]
    assert png.stat().st_mode & 0o777 == 0o600
    taking = take(bilal, picture, "--yes", "--as", "His proposal")
    showing.expect_event("words", SOON_S)
    showing.type("later")
    well(showing, taking)
    said = words(showing)
    found = b"".join(path.read_bytes() for path in amina.profile.rglob("*") if path.is_file())
    for secret in ("Bilal the friend", "His proposal", code, picture, said[0] + " " + said[1]):
        assert secret.encode() not in found
    assert not png.exists()


def test_w2_what_is_on_the_air_names_nobody(lab: Lab) -> None:
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    watch = lab.watch("home")
    showing, picture, _ = show(amina, "--yes", "--as", "Amina the first")
    taking = take(bilal, picture, "--yes", "--as", "Bilal the second")
    well(showing, taking)
    watch.stop()
    seen = watch.path.read_bytes()
    assert len(seen) > 6 * 1536  # the frames were seen whole
    for name in ("Amina the first", "Bilal the second"):
        assert name.encode() not in seen

"""The history of real hand-overs: all that came to its end while it was on, and nothing else (T1, T2)."""

import json
import time
from contextlib import closing
from typing import Any

import pytest

from end_to_end.acquainted import couple
from end_to_end.programs import SATCHEL, Person, hand_over
from end_to_end.test_queue import delivered
from end_to_end.test_settings import set_to
from end_to_end.test_up import HERE_S, told, up
from lab import Lab
from satchel.core.identity.keyfile import Bare, decode
from satchel.store.profile import ProfileFolder

pytestmark = pytest.mark.lab
SECRET = "the witnesses \N{RIGHT-TO-LEFT OVERRIDE}<b>.txt"


def history(person: Person) -> list[dict[str, Any]]:
    line = [*SATCHEL, "history", "list", "--json", "--home", str(person.profile)]
    said = [json.loads(each) for each in person.host.run(line).stdout.splitlines()]
    return [event for event in said if event["event"] == "past"]


def has_secret(person: Person) -> bool:
    """On a page of the database, also on one that is free; nobody runs."""
    folder = ProfileFolder.take(person.profile)
    with closing(folder):
        file = decode(folder.read_key_file() or b"")
        assert isinstance(file, Bare)
        with closing(folder.open(file.key)) as database, database.reading() as connection:
            return SECRET.encode() in connection.serialize("main")


def ended(person: Person) -> None:
    told(person, "lock")


def test_t1_what_came_to_its_end_is_there_while_it_is_on_and_gone_after(lab: Lab) -> None:
    """Amina has it on, Bilal has not; to a contact while nodes run, and by code inside of them."""
    amina, bilal = couple(lab)
    paper = amina.host.home / SECRET
    paper.write_text("la la la")
    folder = amina.host.home / "folder"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text(name)
    set_to(amina, "history", "on")
    here, there = up(amina), up(bilal, "--accept", "verified", "--into", str(bilal.into))
    here.expect_event("peer", HERE_S)
    began_s = int(time.time())
    told(amina, "send", str(paper), str(folder), "--to", "bilal")
    delivered(here)
    delivered(there)
    hand_over(amina, bilal, paper)
    hand_over(bilal, amina, bilal.into / "folder")
    by_code_in, by_code_out, to_contact = history(amina)
    assert (to_contact["giving"], to_contact["contact"], to_contact["verified"]) == (True, "bilal", True)
    assert (sorted(to_contact["names"]), to_contact["files"]) == (["folder", SECRET], 3)
    assert (to_contact["bytes"], to_contact["text"]) == (10, False)
    assert began_s <= to_contact["when_s"] <= time.time()
    assert (by_code_out["giving"], by_code_out["contact"], by_code_out["names"]) == (True, None, [SECRET])
    assert (by_code_in["giving"], by_code_in["names"], by_code_in["files"]) == (False, ["folder"], 2)
    assert history(bilal) == []
    ended(bilal)
    there.wait(20)
    assert not has_secret(bilal)
    set_to(amina, "history", "off")
    told(amina, "send", str(paper), "--to", "bilal")
    up(bilal, "--accept", "verified", "--into", str(bilal.into))
    delivered(here)
    assert history(amina) == []
    ended(amina)
    here.wait(20)
    assert not has_secret(amina)


def test_without_a_node_each_command_remembers(lab: Lab) -> None:
    amina, bilal = couple(lab)
    for person in (amina, bilal):
        set_to(person, "history", "on")
    sending = amina.satchel("send", "--text", "--to", "bilal")
    sending.type("a secret word")
    sending.hang_up()
    taking = bilal.satchel("receive", "--from", "amina", "--yes", "--into", str(bilal.into))
    assert taking.wait(60) == 0, taking.text + taking.complaints
    assert sending.wait(20) == 0, sending.text + sending.complaints
    for person, giving, name in ((amina, True, "bilal"), (bilal, False, "amina")):
        [past] = history(person)
        assert (past["giving"], past["contact"], past["text"]) == (giving, name, True)
        assert (past["names"], past["files"], past["bytes"]) == ([], 0, 0)

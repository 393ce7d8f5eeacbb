"""Drops: each goes to whom it was dropped on (W3)."""

import json
from contextlib import closing

import pytest

from browser.owner import HERE_MS, Owner, go
from browser.pytest_plugin import BrowserOn
from browser.waiting import until
from end_to_end.acquainted import made, pair_up
from end_to_end.programs import Person
from lab import Lab
from satchel.cli.over_node import NodeConnection

pytestmark = pytest.mark.lab
# A folder, with an empty one in it, whose reader is as slow as that of a stick: `goOn()` lets it come to its
# end.
SLOW = """() => {
    const secret = {isFile: true, name: "secret.txt", file: (done) => done(new File(["x"], "secret.txt"))};
    const nothing = {readEntries: (done) => setTimeout(() => done([]), 0)};
    const empty = {isFile: false, isDirectory: true, name: "empty", createReader: () => nothing};
    const createReader = () => {
        let turn = 0;
        const readEntries = (done) => {
            if (turn++) window.goOn = () => done([]); else setTimeout(() => done([secret, empty]), 0);
        };
        return {readEntries};
    };
    const folder = {isFile: false, isDirectory: true, name: "folder", createReader};
    const event = new DragEvent("drop", {bubbles: true, cancelable: true});
    const value = {items: [{webkitGetAsEntry: () => folder}], files: []};
    Object.defineProperty(event, "dataTransfer", {value});
    document.querySelector(".card").dispatchEvent(event);
}"""
UNREADABLE = """() => {
    const locked = {isFile: true, name: "locked", file: (_done, failed) => failed(new DOMException("no"))};
    const event = new DragEvent("drop", {bubbles: true, cancelable: true});
    const value = {items: [{webkitGetAsEntry: () => locked}], files: []};
    Object.defineProperty(event, "dataTransfer", {value});
    document.querySelector(".card").dispatchEvent(event);
}"""


def test_who_leaves_while_a_folder_is_read_is_still_the_one_it_was_dropped_on(
    lab: Lab, browser_on: BrowserOn
) -> None:
    amina, bilal, carla = (made(Person(lab.host(name))) for name in ("amina", "bilal", "carla"))
    pair_up(amina, bilal)
    pair_up(amina, carla)
    here = Owner.up(amina).page(browser_on(amina.host))
    others = {person.host.name: Owner.up(person) for person in (bilal, carla)}
    until(here, "document.querySelectorAll('.card').length === 2")
    meant = here.inner_text(".card h2")
    here.evaluate(SLOW)
    until(here, "!!window.goOn")
    others[meant].node.end()
    until(here, "document.querySelectorAll('.card').length === 1")
    here.evaluate("window.goOn()")
    here.wait_for_selector("#reading", state="hidden", timeout=HERE_MS)
    go(here, "/waiting")
    until(here, "document.querySelectorAll('#waiting li').length === 1")
    assert meant in here.inner_text("#waiting li")
    with closing(NodeConnection(amina.profile)) as connection:
        uploads = json.loads(connection.ask("GET", "/v1/uploads", None).read())["uploads"]
    assert [(one["path"], one["size"]) for one in uploads] == [
        (["folder", "secret.txt"], 1),
        (["folder", "empty"], None),
    ]
    go(here, "/")
    here.wait_for_selector(".card")
    here.evaluate(UNREADABLE)
    until(here, "document.querySelector('#reading').innerText.includes('could not be copied')")


TWICE = """() => {
    const [first, second] = document.querySelectorAll(".card");
    for (const [place, name, size] of [[first, "large.bin", 60_000_000], [second, "small.txt", 5]]) {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(size)], name));
        place.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
    }
}"""


def test_a_second_drop_cuts_off_no_first_one(lab: Lab, browser_on: BrowserOn) -> None:
    amina, bilal, carla = (made(Person(lab.host(name))) for name in ("amina", "bilal", "carla"))
    pair_up(amina, bilal)
    pair_up(amina, carla)
    here = Owner.up(amina).page(browser_on(amina.host))
    _others = [Owner.up(person) for person in (bilal, carla)]
    until(here, "document.querySelectorAll('.card').length === 2")
    first, second = here.locator(".card h2").all_inner_texts()
    here.evaluate(TWICE)
    until(here, "document.querySelectorAll('#moving li').length === 2")
    go(here, "/waiting")
    waits = {name: here.inner_text(f"#waiting li:has-text('{name}')") for name in (first, second)}
    assert "large.bin" in waits[first]
    assert "small.txt" in waits[second]

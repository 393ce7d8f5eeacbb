"""Letters on a stick, by the page: what the command does and refuses (T1; page 7.9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.letters_kit import letters_of_two
from cli.node_kit import Served
from lab.namespace import wait_until
from web.browsing import Answer, Browser


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with letters_of_two(tmp_path / "profile") as running:
        yield running


@pytest.fixture
def browser(served: Served) -> Browser:
    assert served.page is not None
    return Browser(served.page)


def over(browser: Browser, page: Answer) -> Answer:
    """The page of that errand, at its end."""
    found: list[Answer] = []

    def is_over() -> bool:
        found.append(browser.get(page.path))
        return "Stop" not in found[-1].text

    wait_until(is_over, 10, pause_s=0.05)
    return found[-1]


def test_letters_go_onto_a_stick_and_come_in_from_there(browser: Browser, tmp_path: Path) -> None:
    stick = tmp_path / "MY <b>STICK"
    stick.mkdir()
    chosen = {"which": "own", "folder": f" {stick} "}
    page = over(browser, browser.post("/carry/exchange", chosen))
    assert "Taken in: 0 sealed pieces" in page.text
    assert "Written: 1 sealed piece" in page.text
    assert "Eject the stick before you pull it out." in page.text
    assert (stick / "CARRY").is_dir()
    assert "STICK" not in page.path
    page = over(browser, browser.post("/carry/in", {"which": str(stick)}))
    assert "Taken in: 0 sealed pieces" in page.text
    assert "Written" not in page.text
    assert "Letters on a stick" in page.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "No stick was named."),
        ({"which": "own"}, "No stick was named."),
        ({"which": "own", "folder": "--home=/"}, "No stick was named."),
        ({"which": "/media/x", "folder": "/media/y"}, "another choice was marked"),
    ],
)
def test_what_names_no_folder_carries_nothing(browser: Browser, fields: dict[str, str], said: str) -> None:
    page = browser.post("/carry/exchange", fields)
    assert page.status == 400
    assert said in page.text


def test_what_the_command_refuses_is_said(browser: Browser, tmp_path: Path) -> None:
    page = over(browser, browser.post("/carry/in", {"which": str(tmp_path)}))
    assert "There is nothing of Satchel in this folder." in page.text
    assert browser.post("/carry/away", {"which": str(tmp_path)}).status == 404
    assert browser.post("/carry/in", {"which": str(tmp_path)}, origin="http://evil.example").status == 403
    assert "Which stick" in browser.get("/waiting").text

"""The door for guests from the command line: open, closed, and what is said of it (G1, T1; guests 2)."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.node_kit import Following, serving
from satchel.cli.guests_cmd import tell_door
from satchel.cli.guests_door import GuestsDoor, Networks, OpenDoor
from satchel.cli.show import PersonShow
from satchel.cli.status_cmd import about_guests
from satchel.errors import MisuseError
from satchel.web.guests.reads import NoReader
from web.guests.knocking import a_school

CAPABILITY = re.compile(r"/[a-z2-7]{26}")


@pytest.fixture
def door() -> Iterator[GuestsDoor]:
    shelved = a_school()
    made = GuestsDoor(lambda: shelved.library, NoReader)
    yield made
    made.close()


def get(opened: OpenDoor, path: str = "/") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", opened.port, timeout=10)
    try:
        connection.request("GET", opened.base + path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_each_opening_has_another_address(door: GuestsDoor) -> None:
    first = door.open(lan_open=False, for_s=None)
    assert CAPABILITY.fullmatch(first.base)
    assert get(first) == 200
    assert door.close()
    with pytest.raises(ConnectionRefusedError):
        get(first)
    second = door.open(lan_open=False, for_s=None)
    assert second.base != first.base
    assert second.base not in repr(second)  # where a mistake would show it
    assert get(second, first.base) == 404


def test_open_already_is_the_same_again_or_misuse(door: GuestsDoor) -> None:
    opened = door.open(lan_open=False, for_s=None)
    assert door.open(lan_open=False, for_s=5) is opened
    with pytest.raises(MisuseError):
        door.open(lan_open=True, for_s=None)
    assert get(opened) == 200
    assert door.close()
    assert not door.close()
    assert door.open(lan_open=True, for_s=None).base == ""


def test_it_closes_by_itself(door: GuestsDoor) -> None:
    opened = door.open(lan_open=False, for_s=0.2)
    assert door.wait(10)
    assert door.now is None
    assert door.told() is None
    with pytest.raises(ConnectionRefusedError):
        get(opened)


def test_only_who_is_in_a_network_here_is_answered() -> None:
    networks = Networks()
    assert networks.admits("127.0.0.1")
    assert networks.admits("::1")
    assert networks.admits("fe80::1%lo")
    for elsewhere in ("8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "", "localhost"):
        assert not networks.admits(elsewhere)


def test_what_is_said_of_it_has_no_address(door: GuestsDoor) -> None:
    assert about_guests(door.told()) == []
    opened = door.open(lan_open=False, for_s=7200)
    told = door.told()
    assert told is not None
    assert opened.base not in f"{told}"
    [said] = about_guests(told)
    assert said.startswith("The door for guests is open to who has its address, for ")
    assert said.endswith("satchel guests close")
    assert about_guests({"lan_open": True, "for_s": None})[0].startswith(
        "The door for guests is open to whoever is on this network, until Satchel ends."
    )


@pytest.mark.parametrize("lan_open", [True, False])
def test_whoever_opens_it_reads_first_what_that_means(
    lan_open: bool, door: GuestsDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = door.open(lan_open=lan_open, for_s=3600)
    tell_door(PersonShow(), opened)
    out, err = capsys.readouterr()
    assert "on this network" in err.partition("phone")[0]
    assert "nobody writes down who reads what" in " ".join(err.split())
    assert out.split() == opened.urls()
    for url in opened.urls():
        assert re.fullmatch(rf"http://(\[[0-9a-f:]+\]|[0-9.]+):{opened.port}{opened.base}/", url)
        assert "fe80" not in url  # no browser takes a zone


def test_a_command_opens_it_in_the_node_and_another_closes_it(tmp_path: Path) -> None:
    shelved = a_school()
    with serving(tmp_path / "profile") as served:
        door = served.profile.shared_guests = GuestsDoor(lambda: shelved.library, NoReader)
        try:
            *said, done, over = Following(served, "guests", "open", "--json").rest()
            ready = next(one for one in said if one.get("event") == "ready")
            assert set(ready) == {"event", "guest_url", "guest_urls", "lan_open", "for_s"}
            assert (done["event"], over["code"]) == ("done", 0)
            opened = door.now
            assert opened is not None
            assert ready["guest_urls"] == opened.urls()
            assert get(opened) == 200  # the command is over, the door is not
            status = served.ask("GET", "/v1/status")[1]["guests"]
            assert status["lan_open"] is False
            assert 43_000 < status["for_s"] <= 43_200
            assert opened.base not in json.dumps(status)
            again = Following(served, "guests", "open", "--json").rest()
            told = next(one for one in again if one.get("event") == "ready")
            assert told["guest_urls"] == ready["guest_urls"]
            assert Following(served, "guests", "open", "--lan-open").rest()[-1]["code"] == 2
            assert Following(served, "guests", "close").rest()[-1]["code"] == 0
            with pytest.raises(ConnectionRefusedError):
                get(opened)
            assert Following(served, "guests", "close").rest()[-1]["code"] == 5
            assert served.ask("GET", "/v1/status")[1]["guests"] is None
        finally:
            door.close()

"""`satchel settings`: what stays set, alone and with a node that runs (W1, M3, M4; cli 1.14)."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.node_kit import Following, Served, serving
from cli.test_profile_commands import satchel
from satchel.cli import units
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.settings import CARRY_BYTES_MAX, CARRY_BYTES_MIN, Accept

pytestmark = pytest.mark.slow  # a whole program for each command

AT_FIRST = {"language": None, "quiet": "off", "accept": "ask", "into": None, "history": "off"}
AT_FIRST["carry"] = "500000000"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = satchel(tmp_path / "profile", "init", "--no-passphrase")
    assert made.code == 0
    return tmp_path / "profile"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal") as running:
        yield running


def listed(home: Path) -> dict[str, Any]:
    events = satchel(home, "settings", "list").events
    return {event["name"]: event["value"] for event in events if event["event"] == "setting"}


def done(served: Served, *words: str) -> dict[str, Any]:
    """What a job says at its end."""
    return Following(served, "settings", words[0], "--json", *words[1:]).rest()[-2]


def test_a_setting_stays_and_is_taken_back(home: Path, tmp_path: Path) -> None:
    assert listed(home) == AT_FIRST
    into = tmp_path / "in"
    for name, value in (("language", "zh"), ("quiet", "on"), ("accept", "none"), ("history", "on")):
        told = satchel(home, "settings", "set", name, value).events[-1]
        assert told == {"event": "done", "name": name, "value": value, "now": True}
    assert satchel(home, "settings", "set", "into", str(into)).events[-1]["value"] == str(into)
    assert into.is_dir()
    assert listed(home) == {
        "language": "zh",
        "quiet": "on",
        "accept": "none",
        "into": str(into),
        "history": "on",
        "carry": "500000000",
    }
    assert satchel(home, "settings", "set", "carry", "1.5GB").events[-1]["value"] == "1500000000"
    assert satchel(home, "settings", "list").events[-2] == {
        "event": "setting",
        "name": "carry",
        "value": "1500000000",
        "default": False,
    }
    for name, usual in AT_FIRST.items():
        assert satchel(home, "settings", "reset", name).events[-1]["value"] == usual
    assert listed(home) == AT_FIRST


@pytest.mark.parametrize(
    ("name", "value"),
    [("quiet", "yes"), ("language", "de"), ("accept", "all"), ("colour", "blue")]
    + [("carry", size) for size in ("lots", "49MB", "2TB", "-1", "500000000000000000")],
)
def test_what_cannot_be_set_is_misuse(home: Path, name: str, value: str) -> None:
    assert satchel(home, "settings", "set", name, value).code == 2
    assert listed(home) == AT_FIRST


def test_the_sizes_that_are_said_are_those_that_count(home: Path) -> None:
    refused = satchel(home, "settings", "set", "carry", "1MB").events[-1]
    least, most = re.findall(r"[0-9]+ [MT]B", refused["what"])
    sizes = [units.bytes_of(size) for size in (least, most)]
    assert sizes == [CARRY_BYTES_MIN, CARRY_BYTES_MAX]


def test_m3_no_more_room_is_set_for_others_than_the_disk_has(home: Path) -> None:
    """What is set may be less than now all the same, however full the disk is."""
    most = satchel(home, "settings", "set", "carry", "1TB")
    assert most.code == (0 if shutil.disk_usage(home).free > 1_100_000_000_000 else 1)
    if most.code:
        assert "room for so many letters of others" in most.events[-1]["what"]
        assert listed(home) == AT_FIRST
    assert satchel(home, "settings", "set", "carry", "50MB").code == 0


def test_nothing_arrives_among_the_settings_of_other_programs(home: Path) -> None:
    """M4: a contact could give the home a `.config`."""
    for folder in ("/", str(home.parent), str(Path.home())):
        assert satchel(home, "settings", "set", "into", folder).code == 2
    assert listed(home) == AT_FIRST


def test_a_name_that_no_folder_can_have_is_misuse(home: Path, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for folder in (str(tmp_path / "loop" / "x"), "/" + "x" * 6_000):
        refused = satchel(home, "settings", "set", "into", folder)
        assert (refused.code, "mistake" in refused.events[-1]["what"]) in ((2, False), (1, False))
    assert listed(home) == AT_FIRST


@pytest.mark.parametrize("inside", ["", "blobs", "../profile/x"])
def test_nothing_arrives_in_the_profile(home: Path, inside: str) -> None:
    """M4: who sends a file called `key` is not to find where it could stand."""
    refused = satchel(home, "settings", "set", "into", str(home / inside))
    assert (refused.code, refused.events[-1]["what"]) == (
        2,
        "That is the folder of the profile: what others send has no place in it.",
    )
    assert listed(home) == AT_FIRST


def test_a_folder_that_cannot_be_used_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert satchel(home, "settings", "set", "into", str(tmp_path / "file")).code == 1
    assert listed(home) == AT_FIRST


def test_a_folder_is_that_of_who_typed_it_and_of_any_bytes(served: Served, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \n\x1b[2J")
    told = done(served, "set", "--", "into", f"{tmp_path}/{name}")
    assert told["value"] == f"{tmp_path}/{name}"
    assert os.fsencode(tmp_path / name) == served.profile.settings.now.into


def test_a_running_node_goes_by_it_at_once(served: Served) -> None:
    node = served.node
    assert node is not None
    assert done(served, "set", "quiet", "on")["now"]
    assert served.ask("GET", "/v1/status")[1]["mode"] == "quiet"
    assert done(served, "reset", "quiet")["now"]
    assert node.presence.mode is Mode.OPEN
    for accept in (Accept.NONE, Accept.VERIFIED):
        assert done(served, "set", "accept", accept.value)["now"]
        assert node.accept is accept


def test_a_running_node_takes_from_contacts_where_it_did(served: Served, tmp_path: Path) -> None:
    """M4: it cannot write elsewhere; it says so, and what is set counts when it is started again."""
    assert not done(served, "set", "into", str(tmp_path / "else"))["now"]
    assert done(served, "set", "into", str(served.into))["now"]
    assert served.node is not None
    served.node.taking = None
    assert not done(served, "set", "into", str(served.into))["now"]

"""`satchel status`."""

import argparse
import http.client
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from satchel.cli import units
from satchel.cli.contact_lines import about_copy_told, called, how_to_look
from satchel.cli.home import home_folder
from satchel.cli.over_node import NodeConnection, runs
from satchel.cli.profile import has_profile, no_profile, open_profile, refuse_ephemeral
from satchel.cli.show import JsonShow, Show, advised
from satchel.core.identity.keyfile import Bare, decode
from satchel.errors import EnvironmentProblem
from satchel.escape import show_name
from satchel.node.node import what_waits
from satchel.store.profile import ProfileFolder

Status = dict[str, Any]


def run(options: argparse.Namespace, show: Show) -> int:
    refuse_ephemeral(options)
    home = home_folder(options.home)
    if runs(home):
        status: Status = {"running": True, **_ask(home)}
    elif has_profile(home):
        status = {"running": False, **_look(options, home, show)}
    else:
        raise no_profile()
    if isinstance(show, JsonShow):
        show.line("status", **status)
    else:
        _tell_person(show, status)
    show.done(text=last_line(status))
    return 0


def _ask(home: Path) -> Status:
    """Raises EnvironmentProblem: the node does not answer."""
    connection = NodeConnection(home)
    try:
        status = json.loads(connection.ask("GET", "/v1/status").read())
        assert isinstance(status, dict)
        return status
    except (OSError, ValueError, http.client.HTTPException) as exc:
        raise EnvironmentProblem(
            "Satchel runs with this profile, and does not answer.",
            safe="Nothing was changed.",
            do="Try again; or end it (satchel lock), and start it anew.",
        ) from exc
    finally:
        connection.close()


def _look(options: argparse.Namespace, home: Path, show: Show) -> Status:
    """What waits; under a passphrase that is not to be seen, and it is not asked for (T1).

    Raises EnvironmentProblem: a single command holds the profile.
    """
    with closing(ProfileFolder.take(home)) as folder:
        data = folder.read_key_file()
    waiting: list[dict[str, object]] | None = None
    carried: dict[str, int] | None = None
    if data is not None and isinstance(decode(data), Bare):
        with closing(open_profile(options, show)) as profile:
            waiting = [one.told() for one in what_waits(profile.records, profile.contacts, profile.queue)]
            carried = profile.post.carried()
    return {
        "mode": None,
        "for_s": 0,
        "addresses": [],
        "near": [],
        "copies": [],
        "asked": [],
        "waiting": waiting,
        "carried": carried,
        "guests": None,
    }


def _tell_person(show: Show, status: Status) -> None:
    write = show.console.write
    if not status["running"]:
        write("Satchel is not running: your contacts do not find you. To start it: satchel up\n")
        write("".join(f"{line}\n" for line in about_carried(status["carried"])))
        return
    how = "quiet: it says nothing, and finds contacts who are open" if status["mode"] == "quiet" else "open"
    write(f"Satchel has been running for {units.duration(status['for_s'])}. It is {how}.\n")
    addresses = advised(status["addresses"])
    write(f"It is reached at {', '.join(addresses)}.\n" if addresses else "It is in no network.\n")
    for near in status["near"]:
        state = "is here" if near["verified"] else "UNVERIFIED"  # first: no name can imitate it there [5.6]
        write(f"{state:10}  {show_name(near['contact'].encode())}, for {units.duration(near['for_s'])}\n")
    if not status["near"]:
        write("Nobody of your contacts is here.\n")
    for copy in status.get("copies", ()):  # a node of before has none
        show.warning(about_copy_told(copy))
    write("".join(f"{line}\n" for line in about_carried(status.get("carried"))))  # a node of before has none
    write("".join(f"{line}\n" for line in about_guests(status.get("guests"))))
    for asked in status["asked"]:
        name = show_name(asked["contact"].encode())
        who = called(asked["contact"], verified=asked["verified"])
        write(f"{who} offers something. To look at it:\n{how_to_look(name)}\n")


def about_guests(told: dict[str, Any] | None) -> list[str]:
    """Nothing where their door is closed."""
    if told is None:
        return []
    who = "whoever is on this network" if told["lan_open"] else "who has its address"
    until = "until Satchel ends" if told["for_s"] is None else f"for {units.duration(told['for_s'])} more"
    return [f"The door for guests is open to {who}, {until}. To close it: satchel guests close"]


def about_carried(told: dict[str, int] | None) -> list[str]:
    """Nothing where it is locked, or where none are here."""
    said = []
    if told is not None and told["others"]:
        others, room = units.size(told["others"]), units.size(told["room"])
        said.append(f"Letters of others that you carry: {others}, of {room} at most.")
    if told is not None and told["own"]:
        said.append(f"Your own letters on their way: {units.size(told['own'])}.")
    return said


def last_line(status: Status) -> str:
    waiting = status["waiting"]
    if waiting is None:
        return "It is locked: what waits is under the passphrase. To see it: satchel unlock, satchel status"
    going, coming = (sum(one["direction"] == way for one in waiting) for way in ("out", "in"))
    if not waiting:
        own = (status.get("carried") or {}).get("own")
        return "Nothing else waits." if status["asked"] or own else "Nothing waits."
    return f"{going} to send, {coming} to receive."

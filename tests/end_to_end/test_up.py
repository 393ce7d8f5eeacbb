"""Nodes that run: who is near, commands that run inside of them, and how they end (T1, M4, P1)."""

import json
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from end_to_end.acquainted import couple, made
from end_to_end.programs import SATCHEL, Person, describe, events, fill, under_way
from end_to_end.test_meet import shouts
from lab import Dialogue, Lab, Radio

pytestmark = pytest.mark.lab
HERE_S = 30.0


def up(person: Person, *words: str) -> Dialogue:
    node = person.satchel("up", *words)
    node.expect_event("ready")
    return node


def told(person: Person, command: str, *words: str) -> list[dict[str, Any]]:
    """A command that ends by itself, and well."""
    dialogue = person.satchel(command, *words)
    assert dialogue.wait(20) == 0, dialogue.text + dialogue.complaints
    return events(dialogue)


def contacts(person: Person, *words: str) -> list[dict[str, Any]]:
    line = [*SATCHEL, "contacts", *words, "--json", "--home", str(person.profile)]
    return [json.loads(line) for line in person.host.run(line).stdout.splitlines()]


def status(person: Person) -> dict[str, Any]:
    return next(event for event in told(person, "status") if event["event"] == "status")


def until(holds: Callable[[], object], within_s: float = HERE_S) -> None:
    limit_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < limit_s
        time.sleep(0.1)


def test_two_nodes_meet_and_show_each_other(lab: Lab) -> None:
    amina, bilal = couple(lab)
    here, there = up(amina), up(bilal)
    assert here.expect_event("peer", HERE_S) == {"event": "peer", "contact": "bilal", "verified": True}
    assert there.expect_event("peer", HERE_S) == {"event": "peer", "contact": "amina", "verified": True}
    seen = status(amina)
    assert (seen["running"], seen["mode"], seen["waiting"]) == (True, "open", [])
    assert [(near["contact"], near["verified"]) for near in seen["near"]] == [("bilal", True)]
    assert any(address.startswith(amina.host.ip) for address in seen["addresses"])
    told(bilal, "lock")
    assert here.expect_event("gone", 10) == {"event": "gone", "contact": "bilal", "broke": False}
    assert (there.wait(5), events(there)[-1]) == (0, {"event": "done"})
    assert status(amina)["near"] == []
    gone = status(bilal)
    assert (gone["running"], gone["near"]) == (False, [])


def test_locked_is_no_beacon_and_no_session(lab: Lab) -> None:
    """T1: after `lock` no process has the keys, nothing is sent, and nobody listens."""
    amina, bilal = couple(lab)
    here, there = up(amina), up(bilal)
    here.expect_event("peer", HERE_S)
    addresses = status(bilal)["addresses"]
    told(bilal, "lock")
    assert there.wait(5) == 0
    with lab.watch("home") as watch:
        time.sleep(25)
    assert shouts(watch, amina.host.ip)
    assert not shouts(watch, bilal.host.ip)
    host, _, port = addresses[0].rpartition(":")
    dial = f"import socket; socket.create_connection(({host!r}, {port}), 2)"
    tried = amina.host.run([sys.executable, "-c", dial], check=False)
    assert "ConnectionRefusedError" in tried.stderr


def test_a_quiet_node_says_nothing_and_is_met(lab: Lab) -> None:
    amina, bilal = couple(lab)
    with lab.watch("home") as watch:
        here = up(amina, "--quiet")
        time.sleep(12)
    assert not shouts(watch, amina.host.ip)
    assert status(amina)["mode"] == "quiet"
    there = up(bilal)
    here.expect_event("peer", HERE_S)
    there.expect_event("peer", HERE_S)


def test_pairing_inside_running_nodes_and_meeting_at_once(lab: Lab) -> None:
    """Who is paired by a job is known to the node from then on; who is forgotten is gone at once."""
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    here, there = up(amina), up(bilal)
    showing = amina.satchel("pair", "--show", "--yes", "--name", "bilal")
    taking = bilal.satchel("pair", "--take", "--yes", "--name", "amina")
    taking.type(showing.expect_event("code")["code"])
    assert (showing.wait(20), taking.wait(20)) == (0, 0), showing.text + taking.text
    assert events(showing)[-1] == {"event": "done", "contact": "bilal", "verified": True}
    here.expect_event("peer", HERE_S)
    there.expect_event("peer", HERE_S)
    contacts(amina, "rename", "bilal", "Bilal of the bakery")
    assert [near["contact"] for near in status(amina)["near"]] == ["Bilal of the bakery"]
    contacts(amina, "forget", "Bilal of the bakery", "--yes")
    here.expect_event("gone", 10)
    there.expect_event("gone", 10)
    assert status(amina)["near"] == []
    time.sleep(3)
    assert [e["event"] for e in events(here)].count("peer") == 1, "forgotten, and met again"


def test_a_hand_over_by_code_through_running_nodes(lab: Lab, tmp_path: Path) -> None:
    """The same as without nodes: the tree, the events, the exit codes."""
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    up(amina), up(bilal)
    tree = fill(tmp_path / "tree", files=40, total_bytes=3_000_000)
    sending = amina.send(tree)
    receiving = bilal.receive(sending.expect_event("code")["code"], yes=False)
    receiving.expect_event("offer", 20)
    receiving.type("all")
    assert receiving.wait(60) == 0, receiving.text[-2000:] + receiving.complaints
    assert sending.wait(20) == 0, sending.text[-2000:] + sending.complaints
    assert describe(bilal.into / "tree") == describe(tree)
    assert not bilal.temporary()
    names = [event["event"] for event in events(receiving)]
    assert names.count("placed") == 40
    assert names[-1] == "done"
    assert "job" not in receiving.text


def test_a_text_and_a_relative_folder(lab: Lab) -> None:
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    up(amina), up(bilal)
    sending = amina.satchel("send", "--text")
    sending.type("Bread at six.")
    sending.hang_up()
    receiving = bilal.receive(sending.expect_event("code")["code"])
    assert receiving.expect_event("text", 20)["text"] == "Bread at six.\n"
    assert (receiving.wait(20), sending.wait(20)) == (0, 0)
    (amina.host.home / "here").mkdir()
    (amina.host.home / "here" / "a.txt").write_text("a")
    line = [*SATCHEL, "send", "--json", "--home", str(amina.profile), "a.txt"]
    sending = amina.host.talk(line, cwd=amina.host.home / "here")
    receiving = bilal.receive(sending.expect_event("code")["code"])
    assert (receiving.wait(20), sending.wait(20)) == (0, 0), sending.text
    assert (bilal.into / "a.txt").read_text() == "a"


def test_ctrl_c_of_a_client_ends_its_job_and_not_the_node(lab: Lab) -> None:
    amina = made(Person(lab.host("amina")))
    up(amina)
    (amina.host.home / "a.txt").write_text("a")
    sending = amina.send(amina.host.home / "a.txt")
    sending.expect_event("code")
    ports = listening_ports(amina)
    sending.process.send_signal(signal.SIGINT)
    assert sending.wait(10) == 1
    assert events(sending)[-1]["what"] == "Stopped."
    until(lambda: len(listening_ports(amina)) < len(ports), 5)
    asking = amina.satchel("receive", "--into", amina.into)
    time.sleep(1)
    asking.process.send_signal(signal.SIGINT)
    assert asking.wait(10) == 1
    assert events(asking)[-1]["what"] == "Stopped."
    assert status(amina)["running"] is True


def test_a_client_that_vanishes_ends_its_job(lab: Lab) -> None:
    amina = made(Person(lab.host("amina")))
    up(amina)
    before = listening_ports(amina)
    (amina.host.home / "a.txt").write_text("a")
    sending = amina.send(amina.host.home / "a.txt")
    sending.expect_event("code")
    assert len(listening_ports(amina)) > len(before)
    sending.process.kill()
    until(lambda: listening_ports(amina) == before, 10)
    assert status(amina)["running"] is True


def listening_ports(person: Person) -> set[str]:
    """Local ends of TCP sockets that listen on this host."""
    lines = person.host.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"]).stdout.splitlines()
    return {line.split()[1] for line in lines if len(line.split()) > 3 and line.split()[3] == "0A"}


def test_a_killed_node_is_no_trouble(lab: Lab) -> None:
    """P3, T2: the profile opens, the socket that it left is nobody's, and the contact is met again."""
    amina, bilal = couple(lab)
    here, there = up(amina), up(bilal)
    here.expect_event("peer", HERE_S)
    here.process.kill()
    here.wait(10)
    assert stat.S_ISSOCK((amina.profile / "socket").stat().st_mode)
    assert status(amina)["running"] is False
    assert [event["contact"] for event in contacts(amina, "list")[1:-1]] == ["bilal"]
    there.expect_event("gone", 30)
    up(amina).expect_event("peer", 60)
    told(amina, "wipe", "--yes")
    assert not amina.profile.exists()


def test_meet_while_a_node_runs(lab: Lab) -> None:
    """Who is near is met at once; a quiet node says that it is here for these minutes."""
    amina, bilal = couple(lab)
    up(amina, "--quiet"), up(bilal, "--quiet")
    meeting = amina.satchel("meet")
    assert meeting.expect_event("peer", HERE_S)["contact"] == "bilal"
    assert meeting.wait(20) == 0
    assert events(meeting)[-1] == {"event": "done", "met": 1}
    again = bilal.satchel("meet")
    assert again.expect_event("peer", 3)["contact"] == "amina"
    assert again.wait(20) == 0


def test_a_person_in_a_terminal_sees_the_same_as_without_a_node(lab: Lab) -> None:
    """Questions, notes and Ctrl-C reach the job; the code is in a list of processes nowhere."""
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    up(amina), up(bilal)
    (amina.host.home / "a.txt").write_text("a")
    sending = amina.host.terminal(
        [*SATCHEL, "send", "--home", str(amina.profile), "a.txt"], cwd=amina.host.home
    )
    code = sending.expect(r"^ +(\d+( [a-z]+){3})\r\n", 10)[1]
    taking = bilal.host.terminal([*SATCHEL, "receive", "--home", str(bilal.profile)], cwd=bilal.host.home)
    taking.expect("Code: ")
    taking.type("no code at all")
    taking.expect("whole code")
    taking.expect("Code: ")
    taking.type(code)
    taking.expect(r"Take it\? ", 20)
    for host in (amina.host, bilal.host):
        shown = host.run(
            ["sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'"]
        ).stdout
        assert not [word for word in code.split()[1:] if f" {word}" in shown or f"\n{word}\n" in shown]
    taking.type("y")
    assert (taking.wait(20), sending.wait(20)) == (0, 0), taking.text + sending.text
    assert "Done: 1 file in" in taking.text
    assert (bilal.host.home / "a.txt").read_text() == "a"
    again = amina.host.terminal(
        [*SATCHEL, "send", "--home", str(amina.profile), "a.txt"], cwd=amina.host.home
    )
    again.expect("Waiting")
    again.type(chr(3))
    assert again.wait(10) == 1
    assert "Stopped." in again.text


PHRASE = "correct horse battery"


def test_unlock_runs_it_in_the_background_and_lock_ends_it(lab: Lab) -> None:
    """T1: the passphrase is asked for once, and is in no argument and no environment; a wrong one opens
    nothing."""
    amina = Person(lab.host("amina"))
    amina.host.run([*SATCHEL, "init", "--home", str(amina.profile)], text=f"{PHRASE}\n")
    assert status(amina)["waiting"] is None
    wrong = amina.satchel("unlock")
    wrong.type("Correct horse battery")
    assert wrong.wait(20) == 4
    assert status(amina)["running"] is False
    unlocking = amina.satchel("unlock")
    unlocking.type(PHRASE)
    assert unlocking.wait(20) == 0, unlocking.text
    pid = events(unlocking)[-1]["pid"]
    told_to_all = amina.host.run(["sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ"]).stdout
    assert "satchel.cli.main" in told_to_all
    assert PHRASE not in told_to_all
    assert status(amina)["running"] is True
    assert contacts(amina, "list")[-1] == {"event": "done", "contacts": 0}  # nothing is asked
    second = amina.satchel("unlock")
    assert second.wait(10) == 5
    refused = amina.satchel("up")
    assert refused.wait(10) == 1
    assert "is running with this profile" in events(refused)[-1]["what"]
    backup = amina.host.home / "backup"
    assert amina.satchel("backup", str(backup)).wait(20) == 0
    assert backup.exists()
    told(amina, "lock")
    assert amina.host.run(["test", "-e", f"/proc/{pid}"], check=False).returncode == 1
    assert not (amina.profile / "socket").exists()
    assert status(amina)["running"] is False


def test_lock_ends_a_node_in_the_middle_of_a_hand_over(lab: Lab, tmp_path: Path) -> None:
    """T1: nothing of it runs on; and it goes on later where it was."""
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    up(amina), up(bilal)
    lab.shape(amina.host, Radio(rate_bps=30e6))
    tree = fill(tmp_path / "tree", files=12, total_bytes=24 << 20)
    sending, receiving = under_way(amina, bilal, tree, moved=2 << 20)
    told(bilal, "lock")
    assert receiving.wait(10) == 1
    assert status(bilal)["waiting"] == [{"direction": "in", "contact": None, "into": str(bilal.into)}]
    up(bilal)
    going_on = bilal.resume_receiving()
    assert going_on.wait(90) == 0, going_on.text[-2000:]
    assert sending.wait(30) == 0, sending.text[-2000:]
    assert describe(bilal.into / "tree") == describe(tree)
    assert not bilal.temporary()
    assert status(bilal)["waiting"] == []


def test_what_one_command_is_at_no_other_goes_on_with(lab: Lab, tmp_path: Path) -> None:
    """Two that write the same unfinished files would be in each other's way."""
    amina, bilal = made(Person(lab.host("amina"))), made(Person(lab.host("bilal")))
    up(amina), up(bilal)
    lab.shape(amina.host, Radio(rate_bps=30e6))
    tree = fill(tmp_path / "tree", files=6, total_bytes=12 << 20)
    sending, receiving = under_way(amina, bilal, tree, moved=1 << 20)
    for second in (amina.satchel("send"), bilal.resume_receiving()):
        assert second.wait(10) == 5, second.text
    assert (receiving.wait(60), sending.wait(30)) == (0, 0)
    assert describe(bilal.into / "tree") == describe(tree)

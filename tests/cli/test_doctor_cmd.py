"""`satchel doctor` as a program: what a person reads, what a script reads, the exit code."""

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from satchel.cli import doctor_cmd
from satchel.cli.parser import read
from satchel.cli.show import JsonShow, PersonShow
from satchel.node.doctor import Facts
from satchel.node.doctor.facts import InterfaceFacts, LinkFacts, Passage

LINK = LinkFacts(interface="wlan0", family="IPv6")
HEALTHY = Facts(links=(LINK,), interfaces=(InterfaceFacts(name="wlan0"),))
SHUT = replace(HEALTHY, links=(replace(LINK, on_port=Passage.SHUT_INWARD),), unseen=("the moon",))
OPTIONS = argparse.Namespace(home=None, ephemeral=False)


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> list[Facts]:
    here = [HEALTHY]
    monkeypatch.setattr(doctor_cmd, "look_around", lambda _profile, _nonce: here[0])
    return here


def test_a_healthy_machine(facts: list[Facts], capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor_cmd.run(OPTIONS, PersonShow()) == 0
    out, _ = capsys.readouterr()
    assert "Nothing is wrong here. Satchel can speak and hear on wlan0." in out


def test_a_finding_is_three_sentences_and_lines_to_type(
    facts: list[Facts], capsys: pytest.CaptureFixture[str]
) -> None:
    facts[0] = replace(SHUT, ufw_is_on=True)
    assert doctor_cmd.run(OPTIONS, PersonShow()) == 1
    out, err = capsys.readouterr()
    assert "       sudo ufw allow in on wlan0 to any port 61530 proto udp\n" in out
    assert "Devices may not find each other:" in out
    assert "1 thing to mend." in out
    assert "the moon" in err


def test_a_script_gets_events(facts: list[Facts], capsys: pytest.CaptureFixture[str]) -> None:
    facts[0] = replace(SHUT, can_confine_writes=False)
    assert doctor_cmd.run(OPTIONS, JsonShow()) == 1
    out, _ = capsys.readouterr()
    finding, hint, done = map(json.loads, out.splitlines())
    assert set(finding) == {"event", "name", "kind", "what", "safe", "do", "command"}
    assert (finding["event"], finding["name"], finding["kind"]) == ("finding", "firewall", "meeting")
    assert (hint["event"], hint["name"], hint["kind"]) == ("hint", "landlock", "hint")
    assert done == {"event": "done", "findings": 1, "unseen": ["the moon"], "running": False}


def test_a_name_that_drives_a_terminal_is_escaped(
    facts: list[Facts], capsys: pytest.CaptureFixture[str]
) -> None:
    """CVE-2022-46165: an interface, a program or a mount may have any name."""
    facts[0] = replace(HEALTHY, port_is_busy=True, port_holders=((5, "\x1b[2Jgame\u202e"),))
    doctor_cmd.run(OPTIONS, PersonShow())
    out, _ = capsys.readouterr()
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\u{1b}[2Jgame" in out


def test_networks_inside_the_machine_are_nobodys() -> None:
    for name in ("docker0", "virbr0", "br-0123456789ab", "veth1a2b3c", "vmnet8"):
        assert doctor_cmd.is_inner(name)
    for name in ("wlan0", "eth0", "br-lan", "br0", "enp3s0"):
        assert not doctor_cmd.is_inner(name)


def test_it_takes_no_arguments_and_runs_on_this_machine(tmp_path: Path) -> None:
    """Whatever is wrong here: it ends well, by the documented codes, and makes no profile."""
    assert read(["doctor"]).module == "doctor_cmd"
    command = [sys.executable, "-m", "satchel.cli.main", "doctor", "--json", "--home", str(tmp_path / "p")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == (1 if events[-1]["findings"] else 0), done.stderr
    assert events[-1]["event"] == "done"
    assert not (tmp_path / "p").exists()


def test_it_imports_nothing_of_a_hand_over() -> None:
    """It starts in 0.2 s."""
    program = (
        "import sys; import satchel.cli.doctor_cmd;"
        "sys.exit(any(name in sys.modules for name in ('blake3', 'sqlite3', 'satchel.node.sending')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0

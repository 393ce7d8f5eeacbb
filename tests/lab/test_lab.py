"""The laboratory itself: networks, places, clocks, programs. What it cannot do, no other test may rest on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import Lab, LabError
from lab.namespace import descendants, wait_until
from lab.peers import PEER, reaches, start
from lab.pytest_plugin import MakeLab

pytestmark = pytest.mark.lab


def test_hosts_reach_each_other_by_ipv4_and_link_local_ipv6(lab: Lab) -> None:
    a, b = lab.host("a"), lab.host("b")
    start(a, "echo_server", "7")
    assert reaches(b, a.ip)
    assert reaches(b, a.ip6)


def test_two_hosts_are_there_in_a_moment(make_lab: MakeLab) -> None:
    began_s = time.monotonic()
    lab = make_lab()
    lab.host("a")
    lab.host("b")
    assert time.monotonic() - began_s < 2  # 0.15 s on an idle machine


def test_host_is_apart_from_the_machine(lab: Lab) -> None:
    a = lab.host("a")
    assert a.run(["cat", "/proc/sys/kernel/hostname"]).stdout == "a\n"
    code = "import socket; print(*sorted(name for _, name in socket.if_nameindex()))"
    assert a.run([sys.executable, "-c", code]).stdout == "lo wlan0\n"
    code = "import os; print(os.environ['HOME'], *(name for name in os.environ if name.startswith('XDG_')))"
    assert a.run([sys.executable, "-c", code]).stdout == f"{a.home}\n"


@pytest.mark.parametrize("address", ["ip", "ip6"])
def test_tcp_uses_cubic_whatever_the_machine_does(lab: Lab, address: str) -> None:
    """BBR hides what a bad radio does to a hand-over."""
    a, b = lab.host("a"), lab.host("b")
    start(b, "echo_server", "7")
    assert a.run([*PEER, "connect", getattr(b, address), "7", "2"]).stdout == "cubic\n"


def test_congestion_control_can_be_fixed(make_lab: MakeLab) -> None:
    lab = make_lab(congestion="reno", congestion_fixed=True)
    a, b = lab.host("a"), lab.host("b")
    start(b, "echo_server", "7")
    assert a.run([*PEER, "connect", b.ip, "7", "2"]).stdout == "reno\n"
    assert a.run([*PEER, "choose_bbr", b.ip, "7"], check=False).returncode != 0


@pytest.mark.parametrize("group", ["224.0.0.167", "ff02::1234"])
def test_multicast_without_any_route_stays_on_its_island(lab: Lab, group: str) -> None:
    a, b, c = lab.host("a"), lab.host("b"), lab.host("c", "elsewhere")
    ears = [start(host, "hear", group, "5000", "0.4") for host in (b, c)]
    a.run([*PEER, "say", group, "5000", "hello"])
    for ear in ears:
        ear.wait()
    assert ["heard hello" in ear.text for ear in ears] == [True, False]


def test_access_point_with_client_isolation(lab: Lab) -> None:
    lab.island("cafe", isolate=True)
    point = lab.host("point", "cafe", isolated=False)
    a, b = lab.host("a", "cafe"), lab.host("b", "cafe")
    start(point, "echo_server", "7")
    start(a, "echo_server", "7")
    assert reaches(b, point.ip)
    assert not reaches(b, a.ip)


def test_network_that_drops_multicast(lab: Lab) -> None:
    lab.island("school", multicast=False)
    a, b = lab.host("a", "school"), lab.host("b", "school")
    groups = ("224.0.0.167", "ff02::1234")
    ears = [start(b, "hear", group, str(5000 + number), "0.4") for number, group in enumerate(groups)]
    for number, group in enumerate(groups):
        a.run([*PEER, "say", group, str(5000 + number), "hello"])
    for ear in ears:
        ear.wait()
        assert "heard" not in ear.text
    start(b, "echo_server", "7")
    assert reaches(a, b.ip)
    assert reaches(a, b.ip6)  # neighbour discovery, itself multicast, goes on


def test_networks_of_one_kind_of_address(lab: Lab) -> None:
    lab.island("six", ipv4=False)
    a, b, old = lab.host("a", "six"), lab.host("b", "six"), lab.host("old", ipv6=False)
    new = lab.host("new")
    start(b, "echo_server", "7")
    assert reaches(a, b.ip6)
    with pytest.raises(LabError):
        _ = b.ip
    start(old, "echo_server", "7")
    assert reaches(new, old.ip)
    with pytest.raises(LabError):
        _ = old.ip6
    assert "inet6" not in old.run(["ip", "addr", "show", "dev", "wlan0"]).stdout
    lab.move(old, "far")
    assert old.run(["cat", "/proc/sys/net/ipv6/conf/wlan0/disable_ipv6"]).stdout == "1\n"


def test_more_cards_hear_other_islands(lab: Lab) -> None:
    """And leave as another device there: no address is the same."""
    a, b, z = lab.host("a"), lab.host("b"), lab.host("z", "far")
    mac = lab.add_card(a, "far")
    lab.add_card(a, "home")
    ears = [start(host, "hear", "224.0.0.167", "5000", "0.4") for host in (b, z)]
    say = "import peer; peer.MULTICAST_INTERFACE = 'eth0'; peer.say('224.0.0.167', '5000', 'hello')"
    with lab.watch("far") as watch:
        a.run([sys.executable, "-c", say], cwd=Path(__file__).parent)
        [packet] = watch.traffic().select(destination_port=5000)
    for ear in ears:
        ear.wait()
    assert ["heard hello" in ear.text for ear in ears] == [False, True]
    assert packet.source_mac == mac != a.mac
    assert str(packet.source) != a.ip


def test_mule_moves_between_islands(lab: Lab) -> None:
    a, mule, z = lab.host("a"), lab.host("mule"), lab.host("z", "far")
    for host in (a, z):
        start(host, "echo_server", "7")
    assert reaches(mule, a.ip)
    old = {mule.mac, mule.ip, mule.ip6}
    lab.move(mule, "far")
    assert reaches(mule, z.ip)
    assert reaches(mule, z.ip6)
    assert not reaches(mule, a.ip)
    assert not old & {mule.mac, mule.ip, mule.ip6}
    mac = mule.mac
    lab.leave(mule)
    assert not reaches(mule, z.ip)
    lab.move(mule, "home", keep_mac=True)
    assert reaches(mule, a.ip)
    assert mule.mac == mac


def test_kill_and_crash(lab: Lab) -> None:
    a = lab.host("a")
    one, two = start(a, "echo_server", "7"), start(a, "echo_server", "8")
    one.process.kill()
    assert one.wait() in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert two.process.poll() is None
    a.crash()
    assert two.wait() in (-signal.SIGKILL, 128 + signal.SIGKILL)
    start(a, "echo_server", "7")  # the host is still there, and the port free


def test_terminate_and_suspend_reach_the_program(lab: Lab) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\n"
        "for number in range(10000): print(number, flush=True); time.sleep(0.01)\n"
    )
    program = lab.host("a").talk([sys.executable, "-c", code])
    program.expect("ready")
    program.process.send_signal(signal.SIGSTOP)
    time.sleep(0.05)
    stood = program.text
    time.sleep(0.1)
    assert program.text == stood
    program.process.send_signal(signal.SIGCONT)
    program.expect(r"\d+")
    assert wait_until(lambda: program.text != stood, 2)
    program.process.terminate()
    assert program.wait() == 5


def test_a_suspended_program_can_be_killed(lab: Lab) -> None:
    program = lab.host("a").talk(["cat"])
    program.process.send_signal(signal.SIGSTOP)
    program.process.kill()
    assert program.wait() in (-signal.SIGKILL, 128 + signal.SIGKILL)


def test_a_suspended_program_dies_with_its_host(lab: Lab) -> None:
    a = lab.host("a")
    program = a.talk(["cat"])
    program.process.send_signal(signal.SIGSTOP)
    a.crash()
    assert program.wait() in (-signal.SIGKILL, 128 + signal.SIGKILL)


def test_orphans_are_buried(lab: Lab) -> None:
    a = lab.host("a")
    a.run(["sh", "-c", "(sleep 0.01 &) ; true"])
    zombies = "cat /proc/[0-9]*/stat | grep -c ' Z ' || true"
    assert wait_until(lambda: a.run(["sh", "-c", zombies]).stdout == "0\n", 2, pause_s=0.05)


def test_a_terminal_is_typed_at(lab: Lab) -> None:
    """Also at a prompt that opens /dev/tty, as the one for a passphrase does, and shows nothing of it."""
    code = (
        "import getpass, os, sys\n"
        "name = input('Name? '); secret = getpass.getpass('Passphrase: ')\n"
        "print(f'<{name}> <{len(secret)}>', sys.stdout.isatty(), os.get_terminal_size().columns)\n"
    )
    program = lab.host("a").terminal([sys.executable, "-c", code])
    program.expect("Name")
    program.type("Ayşe")
    program.expect("Passphrase")
    program.type("five random words")
    program.expect("<Ayşe> <17> True 80")
    assert program.wait() == 0
    assert "five random words" not in program.text


def test_events_are_waited_for_by_name(lab: Lab) -> None:
    lines = ["a word", '{"event": "code", "code": 1}', '{"event": "ready", "port": 5}']
    program = lab.host("a").talk(["printf", "%s\\n", *lines])
    assert program.expect_event("ready")["port"] == 5
    with pytest.raises(LabError, match="the program ended"):
        program.expect_event("code")  # it came before


def test_expect_tells_what_was_there_instead(lab: Lab) -> None:
    program = lab.host("a").talk(["sh", "-c", "echo one thing; echo a complaint >&2"])
    with pytest.raises(
        LabError, match=r"the program ended without 'another'(.|\n)*one thing(.|\n)*a complaint"
    ):
        program.expect("another")
    reader = lab.host("b").talk(["cat"])
    with pytest.raises(LabError, match=r"0\.05 s passed"):
        reader.expect("word", timeout_s=0.05)
    reader.type("a word")
    reader.expect("word")
    reader.hang_up()
    assert reader.wait() == 0


def test_clocks(lab: Lab) -> None:
    a = lab.host("a")
    code = "import threading, time; threading.Event().wait(0.1); print(int(time.time()))"

    def now_s(clock: str) -> int:
        return int(a.run([sys.executable, "-c", code], clock=clock, timeout_s=5).stdout)

    assert abs(now_s("+3d") - time.time() - 3 * 86400) < 5
    assert abs(now_s("-400d") - time.time() + 400 * 86400) < 5
    assert 86400 <= now_s("1970-01-02 00:00:00") < 86405
    assert 4102444800 <= now_s("2100-01-01 00:00:00") < 4102444805


def test_wrong_use_is_told(lab: Lab) -> None:
    a = lab.host("a")
    with pytest.raises(LabError, match="there already"):
        lab.host("a")
    with pytest.raises(LabError, match="ended with 1"):
        a.run(["false"])
    with pytest.raises(subprocess.TimeoutExpired):
        a.run(["sleep", "60"], timeout_s=0.1)


def test_nothing_is_left_after_kill_9(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from lab import Lab, Radio\n"
        "with Lab(Path(sys.argv[1])) as lab:\n"
        "    a = lab.host('a'); lab.shape(a, Radio(delay_s=0.001)); lab.watch()\n"
        "    a.run(['sh', '-c', 'setsid sleep 986 >/dev/null 2>&1 &'])\n"
        "    p = a.popen(['sleep', '987']); q = p.inner()\n"
        "    r = a.popen(['sleep', '988']); r.send_signal(19)\n"
        "    print(a.pid, q, flush=True); time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        family = descendants(process.pid) | set(pids)
        assert len(family) >= 8  # two agents, relay, watcher, the sleeper, and what entered for them
        process.kill()
    assert wait_until(lambda: not any(map(_is_alive, family)), 5, pause_s=0.05)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False

"""Reading a machine, from a folder that looks like one."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from satchel.node.doctor import Facts, look
from satchel.node.doctor.facts import Announcement, Announcer, Chain, InterfaceFacts
from satchel.node.doctor.machine import look_at_profile, run

WIFI = InterfaceFacts(name="wlan0", index=3)
MDNS_ROW = "{n}: 00000000:{port:04X} 00000000:0000 07 0:0 00:0 0 {user} 0 {inode} 2 0 0\n"
Look = Callable[..., Facts]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def writing(path: str, text: str) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return writing


@pytest.fixture
def looking(tmp_path: Path) -> Look:
    def at(
        *interfaces: InterfaceFacts, answers: dict[str, str] | None = None, port_is_busy: bool = False
    ) -> Facts:
        def ask(command: Sequence[str]) -> str:
            return (answers or {}).get(command[0], "")

        return look(
            interfaces,
            profile=tmp_path / "profile",
            now_s=1,
            udp_port=61530,
            port_is_busy=port_is_busy,
            root=tmp_path,
            ask=ask,
        )

    return at


Write = Callable[[str, str], Path]


def sockets(*rows: tuple[int, int]) -> str:
    """A table of (port, user)."""
    return "header\n" + "".join(
        MDNS_ROW.format(n=n, port=port, user=user, inode=900 + n) for n, (port, user) in enumerate(rows)
    )


def test_an_empty_machine_has_nothing_wrong_that_is_read(looking: Look) -> None:
    facts = looking()
    assert facts.announcements == ()
    assert facts.open_swaps == ()
    assert not facts.hibernates
    assert facts.hardware_clock_s is None
    assert facts.tcp_ports == (32768, 60999)
    assert facts.chains == ()
    assert not facts.ufw_is_on
    assert facts.running == frozenset()


def test_what_is_in_single_files(write: Write, looking: Look) -> None:
    write("proc/sys/net/ipv4/ip_local_port_range", "40000\t50000\n")
    write("etc/ufw/ufw.conf", "# on\nENABLED=yes\n")
    write("sys/power/resume", "8:2\n")
    write("sys/class/rtc/rtc0/since_epoch", "1700000000\n")
    write("sys/kernel/security/lsm", "capability,yama")
    facts = looking()
    assert facts.tcp_ports == (40000, 50000)
    assert facts.ufw_is_on
    assert facts.hibernates
    assert facts.hardware_clock_s == 1_700_000_000
    assert facts.security_modules == "capability,yama"


def test_a_system_that_hides_its_programs_is_told_of(write: Write, looking: Look) -> None:
    assert any("programs" in what for what in looking().unseen)
    write("proc/1/comm", "init\n")
    assert not any("programs" in what for what in looking().unseen)


def test_ufw_that_is_off(write: Write, looking: Look) -> None:
    write("etc/ufw/ufw.conf", "ENABLED=no\n")
    write("sys/power/resume", "0:0\n")
    assert not looking().ufw_is_on
    assert not looking().hibernates


def test_interfaces_as_the_kernel_shows_them(write: Write, looking: Look) -> None:
    write("sys/class/net/wlan0/phy80211/index", "0")
    write("sys/class/net/wlan0/address", "3c:00:00:00:00:01\n")
    write("sys/class/net/eth0/address", "3c:00:00:00:00:02\n")
    write("proc/7/comm", "NetworkManager\n")
    write("run/NetworkManager/devices/3", "[device]\nmanaged=true\nconnection-uuid=u-1\n")
    wifi, cable = looking(WIFI, InterfaceFacts(name="eth0", index=2)).interfaces
    assert (wifi.is_wifi, wifi.mac, wifi.connection) == (True, "3c:00:00:00:00:01", "u-1")
    assert (cable.is_wifi, cable.mac, cable.connection) == (False, "3c:00:00:00:00:02", "")


def test_a_connection_of_a_manager_that_does_not_run_is_old(write: Write, looking: Look) -> None:
    write("run/NetworkManager/devices/3", "[device]\nconnection-uuid=u-1\n")
    assert looking(WIFI).interfaces[0].connection == ""


@pytest.mark.parametrize(
    ("kind", "soft", "hard", "expected"),
    [
        ("wlan", "1", "0", (True, False)),
        ("wlan", "0", "1", (False, True)),
        ("wlan", "0", "0", (False, False)),
        ("bluetooth", "1", "1", (False, False)),
    ],
)
def test_switches_of_wifi(
    write: Write, looking: Look, kind: str, soft: str, hard: str, expected: tuple[bool, bool]
) -> None:
    for name, text in (("type", kind), ("soft", soft), ("hard", hard)):
        write(f"sys/class/rfkill/rfkill0/{name}", f"{text}\n")
    facts = looking()
    assert (facts.wifi_is_off, facts.wifi_switch_is_off) == expected


def test_chains_come_from_the_kernel_for_root_and_from_the_file_for_others(
    write: Write, looking: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("proc/1/comm", "init\n")
    write("etc/nftables.conf", "table inet f {\n chain i { type filter hook input priority 0; }\n}\n")
    chain = {"family": "ip", "table": "k", "name": "n", "type": "filter", "hook": "input"}
    asked = json.dumps({"nftables": [{"chain": chain}]})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    facts = looking(answers={"nft": asked})
    assert facts.chains == (Chain(hook="input", family="inet", table="f", name="i"),)
    assert not facts.is_root
    assert len(facts.unseen) == 1
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    facts = looking(answers={"nft": asked})
    assert facts.chains == (Chain(hook="input", family="ip", table="k", name="n"),)
    assert facts.is_root
    assert facts.unseen == ()


def test_who_holds_the_port(tmp_path: Path, write: Write, looking: Look) -> None:
    write("proc/self/net/udp", sockets((61530, 0), (53, 0)))
    write("proc/77/comm", "game\n")
    (tmp_path / "proc/77/fd").mkdir()
    (tmp_path / "proc/77/fd/3").symlink_to("socket:[900]")
    write("proc/78/comm", "other\n")
    (tmp_path / "proc/78/fd").mkdir()
    (tmp_path / "proc/78/fd/3").symlink_to("socket:[901]")
    assert looking(port_is_busy=True).port_holders == ((77, "game"),)
    assert looking(port_is_busy=False).port_holders == ()
    (tmp_path / "proc/77/fd/3").unlink()
    hidden = looking(port_is_busy=True)
    assert hidden.port_holders == ()
    assert any("61530" in what for what in hidden.unseen)


def test_avahi_and_resolved_announce_where_they_listen(write: Write, looking: Look) -> None:
    user = os.getuid()  # whose the files here are
    write("proc/sys/kernel/hostname", "amina-laptop\n")
    write("proc/7/comm", "avahi-daemon\n")
    assert looking().announcements == ()
    write("proc/self/net/udp", sockets((5353, user)))
    assert looking().announcements == (Announcement(by=Announcer.AVAHI),)
    write("etc/avahi/avahi-daemon.conf", "[publish]\ndisable-publishing=yes\n")
    assert looking().announcements == ()
    write("proc/8/comm", "systemd-resolve\n")
    assert looking().announcements == (Announcement(by=Announcer.RESOLVED),)
    write("proc/self/net/udp", sockets((5353, user + 1)))
    assert looking().announcements == ()  # another program's, a browser's for one
    write("proc/self/net/udp6", sockets((5355, user)))
    assert looking().announcements == (Announcement(by=Announcer.RESOLVED),)


@pytest.mark.parametrize(
    ("answer", "tells"),
    [
        ("auto\nyes\n", True),
        ("auto\nno\n", False),
        ("manual\nyes\n", False),
        ("shared\nyes\n", False),
        ("", False),
    ],
)
def test_network_manager_is_asked(write: Write, looking: Look, answer: str, tells: bool) -> None:
    write("proc/sys/kernel/hostname", "amina-laptop\n")
    write("proc/7/comm", "NetworkManager\n")
    write("run/NetworkManager/devices/3", "[device]\nconnection-uuid=u-1\n")
    found = looking(WIFI, answers={"nmcli": answer}).announcements
    assert found == ((Announcement(by=Announcer.NETWORK_MANAGER, where="u-1"),) if tells else ())


def test_networkd_tells_unless_it_is_told_not_to(write: Write, looking: Look) -> None:
    write("proc/sys/kernel/hostname", "amina-laptop\n")
    write("proc/7/comm", "systemd-network\n")
    write(
        "run/systemd/netif/links/3", "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/A.network\n"
    )
    write("etc/systemd/network/A.network", "[Network]\nDHCP=yes\n")
    told = (Announcement(by=Announcer.NETWORKD, where="/etc/systemd/network/A.network"),)
    assert looking(WIFI).announcements == told
    write("etc/systemd/network/A.network.d/quiet.conf", "[DHCPv4]\nSendHostname=no\n")
    assert looking(WIFI).announcements == ()
    write("etc/systemd/network/A.network.d/quiet.conf", "[Network]\nDHCP=no\n")
    assert looking(WIFI).announcements == ()


def test_other_dhcp_clients(write: Write, looking: Look) -> None:
    write("proc/sys/kernel/hostname", "amina-laptop\n")
    write("proc/7/comm", "dhclient\n")
    write("proc/8/comm", "dhcpcd\n")
    write("etc/dhcp/dhclient.conf", "send host-name = gethostname();\n")
    write("etc/dhcpcd.conf", "hostname\n")
    assert [told.by for told in looking().announcements] == [Announcer.DHCLIENT, Announcer.DHCPCD]
    write("etc/dhcp/dhclient.conf", "#send host-name = gethostname();\n")
    write("etc/dhcpcd.conf", "#hostname\n")
    assert looking().announcements == ()


def test_a_name_that_is_none_is_not_told(write: Write, looking: Look) -> None:
    write("proc/sys/kernel/hostname", "localhost\n")
    write("proc/7/comm", "dhcpcd\n")
    write("etc/dhcpcd.conf", "hostname\n")
    assert looking().announcements == ()


def test_swap_in_clear_and_swap_on_an_encrypted_disk(tmp_path: Path, write: Write, looking: Look) -> None:
    """T1, T2: what is swapped out in clear can be read from a stolen disk."""
    swap = write("swapfile", "")
    device = swap.stat().st_dev
    block = f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    write(
        "proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2\n/dev/zram0 partition 1 0 5\n"
    )
    assert looking().open_swaps == ("/swapfile",)
    write(f"{block}/dm/uuid", "CRYPT-LUKS2-abc\n")
    assert looking().open_swaps == ()
    write(f"{block}/dm/uuid", "LVM-abc\n")
    assert looking().open_swaps == ("/swapfile",)
    write(f"{block}/slaves/dm-0/dm/uuid", "CRYPT-LUKS2-abc\n")
    assert looking().open_swaps == ()
    write(f"{block}/slaves/sdb/size", "1")  # a second disk below, in clear
    assert looking().open_swaps == ("/swapfile",)


def test_a_swap_that_nobody_sees_counts_as_open(write: Write, looking: Look) -> None:
    write("proc/swaps", "Filename Type Size Used Priority\n/gone file 1 0 -2\n")
    assert looking().open_swaps == ("/gone",)


def test_the_profile_is_looked_at_where_it_would_be_made(tmp_path: Path) -> None:
    facts = look_at_profile(tmp_path / "a" / "b")
    assert facts.folder == str(tmp_path)
    assert facts.free_bytes > 0
    assert Path(facts.mount).is_mount()
    assert not (tmp_path / "a").exists()


def test_a_program_that_is_not_there_fails_or_hangs_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["no-such-program-anywhere"]) == ""
    assert run([sys.executable, "-c", "print(1); raise SystemExit(3)"]) == ""
    assert run([sys.executable, "-c", "print(1)"]) == "1\n"
    monkeypatch.setattr("satchel.node.doctor.machine.RUN_S", 0.2)
    assert run([sys.executable, "-c", "import sys; sys.stdin.read(); import signal; signal.pause()"]) == ""


def test_a_swap_file_on_btrfs_lies_on_the_device_of_its_mount(
    write: Write, looking: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own device number is a subvolume's, and says nothing of the encrypted disk below."""
    write("swapfile", "")
    write("proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2\n")
    write("sys/dev/block/253:7/dm/uuid", "CRYPT-LUKS2-abc\n")
    numbers = {"swapfile": os.makedev(0, 41), "root": os.makedev(253, 7)}
    monkeypatch.setattr("satchel.node.doctor.machine.device_of", lambda path: numbers.get(path.name, 0))
    assert looking().open_swaps == ("/swapfile",)
    write("proc/self/mountinfo", "22 1 0:21 /@ / rw - btrfs /dev/mapper/root rw\n")
    assert looking().open_swaps == ()

"""The laboratory's troubles and witnesses: bad radio, partitions, watchers, counts."""

import math
import signal
import statistics

import pytest

from lab import Host, Lab, LabError, Radio
from lab.frames import IPV6, TCP, UDP
from lab.peers import PEER, reaches, start
from lab.pytest_plugin import MakeLab

pytestmark = pytest.mark.lab

MIB = 1 << 20


def rounds_ms(host: Host, address: str, count: int) -> list[float]:
    return [float(line) for line in host.run([*PEER, "udp_rounds", address, "9", str(count)]).stdout.split()]


def test_shape_delays_and_loses(lab: Lab) -> None:
    a, b = lab.host("a"), lab.host("b")
    start(b, "udp_echo", "9")
    assert statistics.median(rounds_ms(a, b.ip, 30)) < 3
    lab.shape(a, Radio(delay_s=0.02, jitter_s=0.005))
    assert 40 <= statistics.median(rounds_ms(a, b.ip, 20)) < 60
    lab.shape(a, up=Radio(delay_s=0.02))
    assert 20 <= statistics.median(rounds_ms(a, b.ip, 20)) < 38
    lab.shape(a, Radio(loss=0.2, seed=3))
    lossy = rounds_ms(a, b.ip, 30)
    assert 0.15 < sum(map(math.isnan, lossy)) / len(lossy) < 0.6  # 36 % of round trips are expected
    assert lab.radio_counts(a)["up"].lost > 3
    lab.unshape(a)
    assert statistics.median(rounds_ms(a, b.ip, 30)) < 3
    with pytest.raises(LabError):
        lab.radio_counts(a)


@pytest.mark.parametrize("offload", [False, True])
def test_rate(make_lab: MakeLab, offload: bool) -> None:
    """With offload too: the kernel is to cut its large frames up before the radio sees them."""
    lab = make_lab(offload=offload)
    a, b = lab.host("a"), lab.host("b")
    server = start(b, "sink", "9")
    lab.shape(a, Radio(rate_bps=20e6, delay_s=0.002))
    a.run([*PEER, "pour", b.ip, "9", str(2 * MIB)])
    total, speed_mbps = server.expect(r"^(\d+) (\S+)\n").groups()
    assert int(total) == 2 * MIB
    assert 12 < float(speed_mbps) < 20.5
    assert lab.radio_counts(a)["up"].passed > 2 * MIB / 1500


def test_multicast_loss_spares_unicast(lab: Lab) -> None:
    a, b = lab.host("a"), lab.host("b")
    start(b, "echo_server", "7")
    assert reaches(a, b.ip)  # now the neighbour is known
    lab.shape(a, Radio(multicast_loss=1.0))
    assert reaches(a, b.ip)
    ear = start(b, "hear", "224.0.0.167", "5000", "0.4")
    a.run([*PEER, "say", "224.0.0.167", "5000", "hello"])
    ear.wait()
    assert "heard" not in ear.text


@pytest.mark.parametrize("shaped", [False, True])
def test_partition_and_heal(lab: Lab, shaped: bool) -> None:
    a, b, c = (lab.host(name) for name in "abc")
    if shaped:
        lab.shape(a, Radio(delay_s=0.001))
    for host in (b, c):
        start(host, "echo_server", "7")
    lab.cut(a, [b])
    assert not reaches(a, b.ip)
    assert reaches(a, c.ip)
    lab.mend(a, b)
    assert reaches(a, b.ip, timeout_s=4)
    lab.cut([a, b], [c])
    assert not reaches(b, c.ip)
    lab.mend_all()
    lab.down(a)
    assert not reaches(a, b.ip)
    lab.up(a)
    assert reaches(a, b.ip, timeout_s=4)
    assert reaches(b, c.ip, timeout_s=4)


def test_a_cut_follows_a_host_whose_radio_is_put_in_later(lab: Lab) -> None:
    a, b = lab.host("a"), lab.host("b")
    start(b, "echo_server", "7")
    lab.cut(a, b)
    lab.shape(a, Radio(delay_s=0.001))
    assert not reaches(a, b.ip)
    lab.unshape(a)
    assert not reaches(a, b.ip)


def test_watcher_sees_everything_and_says_when(lab: Lab) -> None:
    a, b, c = (lab.host(name) for name in "abc")
    start(b, "udp_echo", "9")
    with lab.watch() as watch, lab.watch(c) as at_c:
        rounds_ms(a, b.ip, 5)
        a.run([*PEER, "say", "ff02::1234", "5000", "a word to find"])
        now = watch.traffic()  # also before it stops
    assert len(now.select(source=a.ip, destination=b.ip, destination_port=9, protocol=UDP)) == 5
    assert len(now.select(source=b.ip, destination=a.ip, source_port=9)) == 5
    assert b"a word to find" in watch.path.read_bytes()
    assert len(at_c.traffic().select(destination=b.ip, protocol=UDP)) == 0
    assert len(at_c.traffic().select(destination="ff02::1234")) == 1


def test_an_idle_network_has_nothing_that_programs_said(lab: Lab) -> None:
    with lab.watch() as watch:
        lab.host("a")
        old = lab.host("b", ipv6=False)
        lab.host("c", route="void")
        lab.host("d", ipv4=False)
    seen = watch.traffic()
    assert len(seen.from_programs()) == 0
    assert len(seen.non_local()) == 0
    assert {packet.ethertype for packet in seen} >= {IPV6}  # the kernel's own, so the watcher did watch
    assert not any(packet.ethertype == IPV6 and packet.source_mac == old.mac for packet in seen)


@pytest.mark.parametrize("kind", ["both", "ipv4", "ipv6"])
def test_a_name_asked_for_is_seen(lab: Lab, kind: str) -> None:
    """Else "no name is ever asked for" would hold for a program that asks for every name."""
    a = lab.host("a", ipv4=kind != "ipv6", ipv6=kind != "ipv4")
    if not a.asks_names_on_the_cable:
        pytest.skip("this machine has no /etc/resolv.conf")
    with lab.watch() as watch:
        a.run([*PEER, "ask_name", "satchel.example"])
    queries = watch.traffic().name_queries()
    assert any(b"satchel" in packet.payload for packet in queries)


def test_without_a_route_a_try_to_leave_is_counted(lab: Lab) -> None:
    a = lab.host("a")
    before = a.counts()
    with lab.watch() as watch:
        assert "unreachable" in a.run([*PEER, "send_out", "192.0.2.1", "99"]).stdout
    assert (a.counts() - before).unroutable == 1
    assert len(watch.traffic().non_local()) == 0


def test_what_goes_into_the_void_is_seen(lab: Lab) -> None:
    lab.island("cellar", route="void")
    a, dead = lab.host("a", "cellar"), lab.host("dead", "cellar", route="dead")
    with lab.watch("cellar") as watch:
        for host in (a, dead):
            assert host.run([*PEER, "send_out", "192.0.2.1", "99"]).stdout == "sent\n"
    assert [str(packet.source) for packet in watch.traffic().non_local()] == [a.ip]


def test_a_server_that_answers_strangers_is_found_out(lab: Lab) -> None:
    """P1: the same question to a silent server and to one that answers."""
    host, stranger = lab.host("host"), lab.host("stranger")
    start(host, "echo_server", "7")
    start(host, "silent_server", "8")
    with lab.watch() as watch:
        for port in ("7", "8"):
            stranger.run([*PEER, "probe", host.ip, port])
    seen = watch.traffic()
    assert seen.answer_bytes(server=host.ip, port=7, client=stranger.ip) == len("who are you?")
    assert seen.answer_bytes(server=host.ip, port=8, client=stranger.ip) == 0
    assert len(seen.select(source=host.ip, source_port=8)) > 0  # it did take the call


def test_resent_bytes_show_in_the_counts(lab: Lab) -> None:
    a, b = lab.host("a"), lab.host("b")
    server = start(b, "sink", "9")
    lab.shape(a, Radio(loss=0.03, delay_s=0.002, seed=1))
    before = a.counts()
    with lab.watch(a) as watch:
        a.run([*PEER, "pour", b.ip, "9", str(MIB)])
        server.expect(f"^{MIB} ")
    counts, poured = a.counts() - before, watch.traffic().select(source=a.ip, protocol=TCP)
    assert counts.tcp_segments_resent > 0
    assert poured.stream_bytes() == MIB
    assert poured.payload_bytes > MIB
    assert MIB < counts.sent_bytes < 1.5 * MIB


def test_bulk_with_offload(make_lab: MakeLab) -> None:
    lab = make_lab(offload=True)
    a, b = lab.host("a"), lab.host("b")
    server = start(b, "sink", "9")
    a.run([*PEER, "pour", b.ip, "9", str(256 * MIB)])
    total, speed_mbps = server.expect(r"^(\d+) (\S+)\n").groups()
    assert int(total) == 256 * MIB
    assert float(speed_mbps) > 500, "too slow to move gigabytes in tests"


def test_a_watcher_that_missed_frames_gives_no_answer(make_lab: MakeLab) -> None:
    """Else "not one packet" could mean "not one that we saw"."""
    lab = make_lab(offload=True)
    a, b = lab.host("a"), lab.host("b")
    start(b, "sink", "9")
    watch = lab.watch()
    watch.process.send_signal(signal.SIGSTOP)
    a.run([*PEER, "pour", b.ip, "9", str(200 * MIB)])
    watch.process.send_signal(signal.SIGCONT)
    watch.stop()
    with pytest.raises(LabError, match="missed"):
        watch.traffic()

"""Reading captures: every count that a security test rests on, on frames made by hand."""

import ipaddress
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.frames import ARP, FIN, ICMP, ICMPV6, IGMP, IPV4, IPV6, SYN, TCP, UDP, decode
from lab.traffic import Flow, Traffic, read_pcap

A, B = "10.77.3.4", "10.77.5.6"
SUBNETS = [ipaddress.ip_network("10.77.0.0/16")]


def ethernet(kind: int, body: bytes) -> bytes:
    return bytes.fromhex("020000000001 020000000002") + struct.pack(">H", kind) + body


def ipv4(
    source: str, destination: str, protocol: int, body: bytes, *, fragment: int = 0, options: bytes = b""
) -> bytes:
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH", 0x40 | words, 0, words * 4 + len(body), 0, fragment, 64, protocol, 0)
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return ethernet(IPV4, head + ends + options + body)


def ipv6(source: str, destination: str, protocol: int, body: bytes) -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(body), protocol, 1)
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return ethernet(IPV6, head + ends + body)


def udp(source_port: int, destination_port: int, payload: bytes) -> bytes:
    return struct.pack(">HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def tcp(
    source_port: int, destination_port: int, payload: bytes = b"", *, sequence: int = 0, flags: int = 0x10
) -> bytes:
    ports = struct.pack(">HHII", source_port, destination_port, sequence, 0)
    return ports + struct.pack(">BBHHH", 8 << 4, flags, 0, 0, 0) + bytes(12) + payload


def traffic(*frames: bytes) -> Traffic:
    return Traffic(map(decode, frames), SUBNETS)


def test_udp_packet() -> None:
    packet = decode(ipv4(A, B, UDP, udp(1000, 2000, b"hello")), at_ns=7)
    assert (str(packet.source), packet.source_port) == (A, 1000)
    assert (str(packet.destination), packet.destination_port) == (B, 2000)
    assert (packet.payload, packet.payload_bytes, packet.at_ns) == (b"hello", 5, 7)
    assert (packet.source_mac, packet.destination_mac) == ("02:00:00:00:00:02", "02:00:00:00:00:01")


def test_filling_of_small_frames_is_no_payload() -> None:
    packet = decode(ipv4(A, B, TCP, tcp(1, 2)) + bytes(20))
    assert packet.payload_bytes == 0
    assert packet.payload == b""


def test_options_and_extension_headers_are_passed() -> None:
    assert decode(ipv4(A, B, TCP, tcp(1, 2, b"abc"), options=bytes(8))).payload == b"abc"
    hop_by_hop = bytes([UDP, 0]) + bytes(6)
    packet = decode(ipv6("fe80::1", "ff02::1", 0, hop_by_hop + udp(1, 5353, b"abc")))
    assert (packet.destination_port, packet.payload_bytes, packet.protocol) == (5353, 3, UDP)


def test_later_fragments_have_no_ports_but_count() -> None:
    packet = decode(ipv4(A, B, UDP, udp(1, 53, b"abc"), fragment=100))
    assert packet.destination_port is None
    assert packet.payload_bytes == 11


def test_counts_of_a_frame_cut_short_are_those_of_the_whole() -> None:
    frame = ipv4(A, B, TCP, tcp(1, 2, bytes(1000)))
    packet = decode(frame[:80], frame_bytes=len(frame))
    assert (packet.frame_bytes, packet.payload_bytes) == (len(frame), 1000)


@given(st.binary(max_size=120), st.sampled_from([ARP, IPV4, IPV6]))
def test_any_frame_is_a_packet(body: bytes, kind: int) -> None:
    packet = decode(ethernet(kind, body))
    assert packet.payload_bytes >= 0
    assert decode(body).frame_bytes == len(body)


@given(st.integers(0, 150))
def test_any_beginning_of_a_frame_is_a_packet(length: int) -> None:
    for frame in (ipv4(A, B, TCP, tcp(1, 2, b"abc")), ipv6("fe80::1", "ff02::1", 44, bytes(80))):
        decode(frame[:length], frame_bytes=len(frame))


@pytest.mark.parametrize("port", [53, 5353, 5355, 137, 853])
@pytest.mark.parametrize("protocol", [UDP, TCP])
def test_name_queries_are_found_whatever_the_address(port: int, protocol: int) -> None:
    body = udp(999, port, b"?") if protocol == UDP else tcp(999, port, flags=SYN)
    other = udp(port, 999, b"an answer")  # from such a port is no query
    seen = traffic(
        ipv4(A, "8.8.8.8", protocol, body),
        ipv6("fe80::1", "ff02::fb", protocol, body),
        ipv4(A, B, UDP, other),
    )
    assert len(seen.name_queries()) == 2


@pytest.mark.parametrize("there", ["8.8.8.8", "10.78.0.1", "239.1.2.3", "224.0.1.1", "192.168.0.1"])
def test_non_local_ipv4(there: str) -> None:
    assert len(traffic(ipv4(A, there, UDP, udp(1, 2, b""))).non_local()) == 1


@pytest.mark.parametrize(
    "there", ["10.77.255.255", "169.254.3.4", "224.0.0.251", "127.0.0.1", "255.255.255.255"]
)
def test_local_ipv4(there: str) -> None:
    assert len(traffic(ipv4(A, there, UDP, udp(1, 2, b""))).non_local()) == 0


def test_non_local_ipv6() -> None:
    far = [
        ipv6("fe80::1", there, UDP, udp(1, 2, b""))
        for there in ("2001:db8::1", "ff05::2", "ff0e::1", "fd00::1")
    ]
    near = [ipv6("fe80::1", there, UDP, udp(1, 2, b"")) for there in ("fe80::2", "ff02::fb", "::1")]
    assert len(traffic(*far, *near).non_local()) == 4


def test_arp_for_a_far_address_is_a_try_to_reach_it() -> None:
    def arp(target: str) -> bytes:
        ask = bytes.fromhex("0001 0800 0604 0001 020000000002") + ipaddress.ip_address(A).packed
        return ethernet(ARP, ask + bytes(6) + ipaddress.ip_address(target).packed)

    seen = traffic(arp(B), arp("8.8.8.8"))
    assert [str(packet.destination) for packet in seen.non_local()] == ["8.8.8.8"]
    assert len(seen.from_kernel()) == 2


def test_the_kernel_is_told_apart_from_programs() -> None:
    listener_report = bytes([ICMPV6, 0, 5, 2, 0, 0, 1, 0]) + bytes([143]) + bytes(27)
    kernel = [
        ipv4(A, "224.0.0.22", IGMP, bytes(16), options=bytes(4)),
        ipv6("fe80::1", "ff02::16", 0, listener_report),
        ipv6("fe80::1", "ff02::1:ff00:1", ICMPV6, bytes([135]) + bytes(23)),
        ipv4(A, B, ICMP, bytes([3, 3]) + bytes(6)),
    ]
    programs = [
        ipv4(A, B, ICMP, bytes([8, 0]) + bytes(6)),  # somebody pings
        ipv4(A, "224.0.0.251", UDP, udp(1, 2, b"")),
    ]
    seen = traffic(*kernel, *programs)
    assert len(seen.from_kernel()) == 4
    assert len(seen.from_programs()) == 2


def test_flows_count_packets_and_bytes_by_ends() -> None:
    one = ipv4(A, B, TCP, tcp(1, 2, b"abc"))
    flows = traffic(one, one, ipv4(B, A, TCP, tcp(2, 1, b"d"))).flows()
    there = flows[Flow(ipaddress.ip_address(A), 1, ipaddress.ip_address(B), 2, TCP)]
    assert (there.packets, there.frame_bytes, there.payload_bytes) == (2, 2 * len(one), 6)
    assert len(flows) == 2


def test_a_server_that_only_closes_has_answered_nothing() -> None:
    """P1: a stranger gets no byte; a handshake and a FIN are the operating system's."""
    seen = [
        ipv4(A, B, TCP, tcp(999, 80, flags=SYN)),
        ipv4(B, A, TCP, tcp(80, 999, flags=SYN | 0x10)),
        ipv4(A, B, TCP, tcp(999, 80, b"who are you?", sequence=1)),
        ipv4(B, A, TCP, tcp(80, 999, flags=FIN | 0x10, sequence=1)),
    ]
    assert traffic(*seen).answer_bytes(server=B, port=80, client=A) == 0
    seen.append(ipv4(B, A, TCP, tcp(80, 999, b"x", sequence=1)))
    assert traffic(*seen).answer_bytes(server=B, port=80, client=A) == 1


def test_stream_bytes_leave_out_what_tcp_sent_again() -> None:
    first = 2**32 - 3  # the numbers wrap
    segments = [tcp(1, 2, sequence=first, flags=SYN)]
    segments += [
        tcp(1, 2, b"ab", sequence=first + 1),
        tcp(1, 2, b"cd", sequence=1 - 1),
        tcp(1, 2, b"cd", sequence=0),
    ]
    segments += [tcp(1, 2, b"ab", sequence=first + 1)]
    seen = traffic(*(ipv4(A, B, TCP, segment) for segment in segments))
    assert seen.payload_bytes == 8
    assert seen.stream_bytes() == 4


def test_stream_bytes_tell_connections_on_the_same_ports_apart() -> None:
    segments = []
    for first in (1000, 900_000):
        segments += [tcp(1, 2, sequence=first, flags=SYN)] * 2 + [tcp(1, 2, b"abc", sequence=first + 1)]
    assert traffic(*(ipv4(A, B, TCP, segment) for segment in segments)).stream_bytes() == 6


def test_selections_take_addresses_with_a_zone() -> None:
    seen = traffic(ipv6("fe80::1", "fe80::2", UDP, udp(1, 2, b"")))
    assert len(seen.select(source="fe80::1%wlan0", destination_port=2)) == 1
    assert len(seen.select(source="fe80::2%wlan0")) == 0


def pcap(*frames: bytes, magic: int = 0xA1B23C4D) -> bytes:
    records = [struct.pack("<IIII", 5, 6, len(frame), len(frame)) + frame for frame in frames]
    return struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 65535, 1) + b"".join(records)


def test_read_pcap(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    frame = ipv4(A, B, UDP, udp(1, 2, b"abc"))
    path.write_bytes(pcap(frame, frame))
    assert [packet.at_ns for packet in read_pcap(path)] == [5_000_000_006] * 2
    path.write_bytes(pcap(frame, magic=0xA1B2C3D4))
    assert [packet.at_ns for packet in read_pcap(path)] == [5_000_006_000]


@pytest.mark.parametrize("wrong", [b"", b"x" * 40, pcap() + struct.pack("<IIII", 1, 1, 1 << 30, 1 << 30)])
def test_other_files_are_refused(tmp_path: Path, wrong: bytes) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(wrong)
    with pytest.raises(ValueError, match=r"x\.pcap"):
        list(read_pcap(path))

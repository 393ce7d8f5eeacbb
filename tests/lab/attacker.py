"""Programs of somebody who means harm, for hosts: `python attacker.py WHAT ARGUMENTS`."""

import os
import select
import socket
import struct
import sys
import time

GROUPS = {socket.AF_INET: "224.0.0.181", socket.AF_INET6: "ff02::7361"}
PORT = 61530
BEACONS_A_SECOND, FLIGHTS_A_SECOND = 10_000, 1_000
FLIGHT_BYTES = 256
OPEN_MAX = 400


def flood(target: str, seconds: str, *addresses: str) -> None:
    """Forged beacons, and forged first flights to a target like 10.0.0.1:5000, from all addresses in turn.

    Until the end of the input, or so many seconds. Prints how many beacons and flights, and in what time.
    """
    host, _, port = target.rpartition(":")
    voices = [_voice(address) for address in addresses]
    began_s, shouted, dialled = time.monotonic(), 0, 0
    pending: list[socket.socket] = []
    print("ready", flush=True)
    while (passed_s := time.monotonic() - began_s) < float(seconds):
        if select.select([sys.stdin], [], [], 0)[0] and not sys.stdin.readline():
            break
        while shouted < passed_s * BEACONS_A_SECOND:
            voice, group = voices[shouted % len(voices)]
            voice.sendto(os.urandom(16) + struct.pack(">H", 5000) + os.urandom(512), group)
            shouted += 1
        while dialled < passed_s * FLIGHTS_A_SECOND:
            pending.append(_dial(host, int(port), addresses[dialled % len(addresses)]))
            dialled += 1
            if len(pending) > OPEN_MAX:
                _say(pending[-OPEN_MAX // 2], os.urandom(FLIGHT_BYTES))
                pending.pop(0).close()
    print(shouted, dialled, time.monotonic() - began_s)


def shout(source: str, *datagrams: str) -> None:
    """Say recorded beacons (hexadecimal) again from an address of this host."""
    voice, group = _voice(source)
    for datagram in datagrams:
        voice.sendto(bytes.fromhex(datagram), group)


def call(target: str, port: str, source: str, patience_s: str, *flights: str) -> None:
    """Say each recorded first flight again on a connection of its own; print how many bytes came back."""
    lines = []
    for flight in flights:
        family, address = _address(source)
        line = socket.socket(family)
        line.bind(address)
        line.settimeout(float(patience_s))
        line.connect((target, int(port), *address[2:]))
        line.sendall(bytes.fromhex(flight))
        lines.append(line)
    answered, ends_s = 0, time.monotonic() + float(patience_s)
    while lines and (left_s := ends_s - time.monotonic()) > 0:
        for line in select.select(lines, [], [], left_s)[0]:
            try:
                data = line.recv(65536)
            except OSError:
                data = b""
            answered += len(data)
            if not data:
                lines.remove(line)
    print(answered)


def _address(text: str) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    host, _, card = text.partition("%")
    if card:
        return socket.AF_INET6, (host, 0, 0, socket.if_nametoindex(card))
    return socket.AF_INET, (host, 0)


def _voice(source: str) -> tuple[socket.socket, tuple[str, int] | tuple[str, int, int, int]]:
    family, address = _address(source)
    voice = socket.socket(family, socket.SOCK_DGRAM)
    voice.bind(address)
    if len(address) == 4:
        voice.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, address[3])
        return voice, (GROUPS[family], PORT, 0, address[3])
    voice.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    return voice, (GROUPS[family], PORT)


def _dial(host: str, port: int, source: str) -> socket.socket:
    line = socket.socket()
    line.setblocking(False)
    line.bind((source, 0))
    line.connect_ex((host, port))
    return line


def _say(line: socket.socket, data: bytes) -> None:
    try:
        line.send(data)
    except OSError:
        return


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

"""Small programs that the laboratory's own tests run in hosts: `python peer.py WHAT ARGUMENTS`."""

import socket
import struct
import sys
import time

MULTICAST_INTERFACE = "wlan0"


def echo_server(port: str) -> None:
    """Send back what comes, one connection at a time."""
    with socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(65536):
                    connection.sendall(data)


def silent_server(port: str) -> None:
    """Take everything, answer nothing."""
    with socket.create_server(("", int(port))) as server:
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            with connection:
                while connection.recv(65536):
                    pass


def connect(address: str, port: str, timeout_s: str) -> None:
    """Fail unless a server echoes; print the congestion control."""
    with socket.create_connection((address, int(port)), float(timeout_s)) as sock:
        print(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode())
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"


def choose_bbr(address: str, port: str) -> None:
    """Ask for BBR, as a program may; fail where that is refused."""
    with socket.create_connection((address, int(port)), 2) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")


def udp_echo(port: str) -> None:
    """Send datagrams back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", int(port)))
        print("ready", flush=True)
        while True:
            data, sender = sock.recvfrom(65535)
            sock.sendto(data, sender)


def udp_rounds(address: str, port: str, count: str) -> None:
    """Print round trips in milliseconds, one a line; lost ones as nan."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.1)
        for number in range(int(count)):
            start_s = time.monotonic()
            sock.sendto(b"%d" % number, (address, int(port)))
            try:
                sock.recv(100)
                print((time.monotonic() - start_s) * 1000)
            except TimeoutError:
                print("nan")


def sink(port: str) -> None:
    """Take one connection's bytes; print how many and how many million bits a second."""
    with socket.create_server(("", int(port))) as server:
        print("ready", flush=True)
        connection, _ = server.accept()
        room, total, start_s = bytearray(1 << 20), 0, time.monotonic()
        while size := connection.recv_into(room):
            total += size
        print(total, total * 8 / (time.monotonic() - start_s) / 1e6, flush=True)


def pour(address: str, port: str, size: str) -> None:
    """Send that many bytes."""
    block, left = bytes(1 << 18), int(size)
    with socket.create_connection((address, int(port))) as sock:
        while left > 0:
            sock.sendall(block[:left])
            left -= len(block)


def probe(address: str, port: str) -> None:
    """Connect, say something, wait for an answer for a moment."""
    with socket.create_connection((address, int(port)), 1) as sock:
        sock.sendall(b"who are you?")
        sock.settimeout(0.3)
        try:
            print(len(sock.recv(100)))
        except TimeoutError:
            print(0)


def hear(group: str, port: str, seconds: str) -> None:
    """Print what arrives for a multicast group."""
    family = socket.AF_INET6 if ":" in group else socket.AF_INET
    index = socket.if_nametoindex(MULTICAST_INTERFACE)
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", int(port)))
        if family == socket.AF_INET6:
            request = socket.inet_pton(family, group) + struct.pack("=I", index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        else:
            request = socket.inet_aton(group) + bytes(4) + struct.pack("=I", index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        print("ready", flush=True)
        sock.settimeout(float(seconds))
        try:
            while True:
                print("heard", sock.recv(1000).decode(), flush=True)
        except TimeoutError:
            pass


def say(group: str, port: str, text: str) -> None:
    """Send a text to a multicast group, by the interface: there is no route to ask."""
    index = socket.if_nametoindex(MULTICAST_INTERFACE)
    if ":" in group:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sock.sendto(text.encode(), (group, int(port)))
    else:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index))
            sock.sendto(text.encode(), (group, int(port)))


def send_out(address: str, port: str) -> None:
    """Send one datagram to anywhere; print what the system says to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(b"hello, world", (address, int(port)))
            print("sent")
        except OSError as error:
            print(error)


def ask_name(name: str) -> None:
    """Look a name up as any program does."""
    try:
        socket.getaddrinfo(name, 80)
    except socket.gaierror as error:
        print(error)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

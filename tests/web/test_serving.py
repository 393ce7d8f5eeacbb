"""Whose browser is answered: that of the person whose Satchel it is (P3, T1; page 2.9)."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.node_kit import LIMIT_S, serving
from satchel.web.serving import NOBODYS, uid_of
from web.browsing import Browser

ASK = """
import encodings.idna, os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
held = []
for _ in range(80):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
    held.append(s)
got = b""
try:
    held[0].sendall(b"GET / HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\n\\r\\n" % int(sys.argv[1]))
    got = held[0].recv(100)
except OSError:
    pass
print(len(got), flush=True)
sys.stdin.read()
"""


def test_the_kernel_says_whose_a_connection_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            assert uid_of(client.getsockname(), server.getsockname()) == os.geteuid()
            gone = client.getsockname()
        assert uid_of(("127.0.0.9", gone[1]), server.getsockname()) == NOBODYS


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_the_kernel_says_it_also_of_a_socket_of_ipv6() -> None:
    """P3: with it another user of the machine was nobody's, and took every place."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6) as client:
        client.connect(("::ffff:127.0.0.1", server.getsockname()[1]))
        port = client.getsockname()[1]
        assert uid_of(("127.0.0.1", port), server.getsockname()) == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_of_the_machine_takes_no_place(tmp_path: Path) -> None:
    """Eighty connections that say nothing held every place, also for Lock and Wipe."""
    with serving(tmp_path / "profile", "bilal") as served:
        assert served.page is not None
        port = served.page.gate.host.partition(":")[2]
        with subprocess.Popen(
            [sys.executable, "-c", ASK, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as stranger:
            assert stranger.stdout is not None
            assert stranger.stdout.readline() == "0\n"
            assert Browser(served.page).get("/").status == 200
            stranger.communicate("")


def test_cookies_of_all_servers_of_the_machine_have_room(tmp_path: Path) -> None:
    """[2.10]"""
    with serving(tmp_path / "profile", "bilal") as served:
        assert served.page is not None
        browser = Browser(served.page)
        own = browser.headers["cookie"]
        others = "; ".join(f"other{number}={'x' * 4000}" for number in range(15))
        assert browser.get("/", cookie=f"{own}; {others}").status == 200
        port = int(served.page.gate.host.partition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as endless:
            endless.sendall(b"GET / HTTP/1.1\r\nCookie: " + b"x" * (66 << 10))
            assert endless.recv(100).startswith(b"HTTP/1.1 400 ")
        assert browser.get("/").status == 200

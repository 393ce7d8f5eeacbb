"""A device: its own network, processes, name and home. The file system is the machine's."""

import contextlib
import os
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from lab import clock as fake_clock
from lab.clock import Clock
from lab.namespace import LabError, Namespace, environment
from lab.process import Dialogue, Process

NIC = "wlan0"
TERMINAL_ROWS, TERMINAL_COLUMNS = 24, 80
Route = Literal["none", "dead", "void"]
"""The way to the Internet: none; a gateway that is not there; one that swallows all, for a watcher to see."""

Command = Sequence[str | Path]
Stream = int | IO[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCounts:
    """What a host's network card and kernel counted since the host was made."""

    sent_bytes: int
    sent_packets: int
    received_bytes: int
    received_packets: int
    tcp_segments_resent: int
    unroutable: int  # tries to send that ended with "network is unreachable": no watcher sees them

    def __sub__(self, earlier: "HostCounts") -> "HostCounts":
        """What was counted since `earlier`."""
        return HostCounts(**{name: getattr(self, name) - getattr(earlier, name) for name in self.__slots__})


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a host is: given by the laboratory when it is plugged in."""

    island: str
    ip: str | None
    ip6: str | None


class Host:
    """Made by `Lab.host`; everything here runs inside the host."""

    def __init__(self, name: str, number: int, namespace: Namespace, home: Path) -> None:
        self.name, self.number, self.home = name, number, home
        self.place: Place | None = None
        self.mac = ""  # of the network card; the laboratory sets it, also anew
        self._namespace = namespace
        self._processes: list[Process] = []
        self._dialogues: list[Dialogue] = []
        home.mkdir()
        self._resolver_file = home.with_name(f"{name}.resolv.conf")
        self._resolver_file.touch()
        namespace.ask("set_kernel", settings={
            "net/ipv6/conf/default/disable_ipv6": "0",
            "net/ipv6/conf/default/accept_dad": "0",  # else an address is of no use for a second
            "net/ipv6/conf/default/addr_gen_mode": "1",  # none: the laboratory gives the address
        })  # fmt: skip
        self.asks_names_on_the_cable: bool = namespace.ask(
            "furnish", host_name=name, resolver_file=str(self._resolver_file)
        )
        namespace.ask("ip", lines=["link set lo up"])

    def __repr__(self) -> str:
        return f"<Host {self.name} {self.place}>"

    @property
    def pid(self) -> int:
        """The process that holds this host, as seen from outside."""
        return self._namespace.pid

    @property
    def ip(self) -> str:
        """The IPv4 address; LabError where the host has none now."""
        return self._of_place("ip")

    @property
    def ip6(self) -> str:
        """The link-local IPv6 address with its zone: fe80::1%wlan0; LabError where the host has none now."""
        return self._of_place("ip6")

    def popen(
        self,
        command: Command,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = None,
        stderr: Stream = None,
        terminal: bool = False,
    ) -> Process:
        """Start a program here; the laboratory kills it at its end.

        Args:
            command: the program and its arguments.
            cwd: its folder; else the present one.
            env: variables on top of the present ones (without XDG_*; HOME is this host's).
            clock: another wall clock for it.
            stdin, stdout, stderr: as in `subprocess.Popen`; text.
            terminal: stdin is a terminal that is to control it. `terminal()` does the rest.
        """
        inside = fake_clock.variables(clock, datetime.now(UTC)) if clock is not None else {}
        # Else all hosts would share one XDG_RUNTIME_DIR.
        kept = {name: value for name, value in environment().items() if not name.startswith("XDG_")}
        process = Process(
            self._namespace.command(command, cwd=cwd, inside=inside, terminal=terminal),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            env=kept | {"HOME": str(self.home)} | dict(env or {}),
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def run(
        self,
        command: Command,
        *,
        text: str | None = None,
        timeout_s: float = 30.0,
        check: bool = True,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, with `text` as its input.

        Raises:
            LabError: `check` and it failed.
            subprocess.TimeoutExpired: it took longer; it is dead then.
        """
        stdin = subprocess.DEVNULL if text is None else subprocess.PIPE
        pipe = subprocess.PIPE
        process = self.popen(command, cwd=cwd, env=env, clock=clock, stdin=stdin, stdout=pipe, stderr=pipe)
        try:
            output, complaints = process.communicate(text, timeout=timeout_s)
        finally:
            process.end()
            self._processes.remove(process)
        if check and process.returncode:
            raise LabError(f"{self.name}: {command} ended with {process.returncode}: {complaints}{output}")
        return subprocess.CompletedProcess(list(command), process.returncode, output, complaints)

    def talk(
        self,
        command: Command,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> Dialogue:
        """Start a program with pipes, to be waited for by the lines it prints."""
        complaints = self.home.with_name(f"{self.name}-{len(self._dialogues)}.stderr")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        with complaints.open("wb") as stderr:
            process = self.popen(
                command, cwd=cwd, env=env, clock=clock, stdin=theirs_in, stdout=theirs_out, stderr=stderr
            )
        os.close(theirs_in)
        os.close(theirs_out)
        return self._dialogue(process, ours_in, ours_out, complaints)

    def terminal(
        self,
        command: Command,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> Dialogue:
        """Start a program in a terminal of its own, to be typed at. Passwords too: /dev/tty works."""
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (TERMINAL_ROWS, TERMINAL_COLUMNS))
        shown = {"TERM": "xterm"} | dict(env or {})
        tty = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        process = self.popen(command, cwd=cwd, env=shown, clock=clock, **tty, terminal=True)
        os.close(theirs)
        return self._dialogue(process, ours, os.dup(ours), None)

    def crash(self) -> None:
        """kill -9 of every program here, as a power cut does. Network and home stay."""
        self._namespace.ask("kill_all")
        for process in self._processes:
            process.wake()

    def counts(self) -> HostCounts:
        """What was sent and received so far."""
        devices = self._namespace.ask("read", path="/proc/net/dev")
        words = next(line for line in devices.splitlines() if line.strip().startswith(f"{NIC}:")).split()
        ip4, ip6 = (self._namespace.ask("read", path=f"/proc/net/{table}") for table in ("snmp", "snmp6"))
        tcp, ip = (_table(ip4, name) for name in ("Tcp:", "Ip:"))
        six = dict(line.split() for line in ip6.splitlines() if line.startswith("Ip6OutNoRoutes"))
        return HostCounts(
            received_bytes=int(words[1]),
            received_packets=int(words[2]),
            sent_bytes=int(words[9]),
            sent_packets=int(words[10]),
            tcp_segments_resent=tcp["RetransSegs"],
            unroutable=ip["OutNoRoutes"] + int(six.get("Ip6OutNoRoutes", 0)),
        )

    def ask_names_of(self, resolver: str | None) -> None:
        """Whom programs here ask for names."""
        lines = [f"nameserver {resolver}", "options timeout:1 attempts:1"] if resolver else ["# no network"]
        self._resolver_file.write_text("\n".join(lines) + "\n")  # in place: the file is mounted

    def in_here(self) -> Namespace:
        """The namespace, for the laboratory."""
        return self._namespace

    def end(self) -> None:
        """Take the host away, with all its programs."""
        with contextlib.suppress(LabError):  # it may be gone already
            self.crash()
        for process in self._processes:
            process.end()
        for dialogue in self._dialogues:
            dialogue.end()
        self._namespace.end()

    def _dialogue(self, process: Process, read_fd: int, write_fd: int, complaints: Path | None) -> Dialogue:
        dialogue = Dialogue(process, read_fd=read_fd, write_fd=write_fd, complaints=complaints)
        self._dialogues.append(dialogue)
        return dialogue

    def _of_place(self, what: str) -> str:
        value = getattr(self.place, what, None)
        if value is None:
            raise LabError(f"{self.name} has no {what} now")
        return str(value)


def _table(text: str, name: str) -> dict[str, int]:
    """One table of /proc/net/snmp: a line of names, a line of numbers."""
    names, numbers = (line.split()[1:] for line in text.splitlines() if line.startswith(name))
    return dict(zip(names, map(int, numbers), strict=True))

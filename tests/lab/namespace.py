"""Namespaces: made, entered, asked and ended. Knows nothing of networks.

Root makes them directly; anybody else inside a user namespace of their own, where the machine allows
that. Each is held by `agent.py`; nothing is mounted, named or written outside of it.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

AGENT = Path(__file__).with_name("agent.py")
TOOLS = ("ip", "unshare", "nsenter", "setpriv", "env", "mount")
END_WAIT_S = 5.0


class LabError(RuntimeError):
    """Something the laboratory could not do."""


def environment() -> dict[str, str]:
    """The environment of the tools: a plain user's PATH often lacks the folders with `ip` and `nft`."""
    return os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"}


def _unshare_flags() -> list[str]:
    return [] if os.geteuid() == 0 else ["--user", "--map-root-user"]


def mount_flags() -> list[str]:
    """Flags for a mount namespace of one's own with util-linux's unshare.

    It makes all mounts private, which fails in a plain chroot, whose "/" is no mount point. There they
    are left as they are; on a machine that shares its root, mounts in here would then be seen outside.
    """
    mounted = Path("/proc/self/mountinfo").read_text().splitlines()
    is_chroot = not any(line.split()[4] == "/" for line in mounted)
    return ["--mount", *(["--propagation", "unchanged"] if is_chroot else [])]


def why_not() -> str | None:
    """Why no laboratory can run here, in a sentence; None where one can."""
    for tool in TOOLS:
        if not shutil.which(tool, path=environment()["PATH"]):
            return f"the command {tool} is missing"
    if not Path("/proc/self").exists():
        return "/proc is not mounted"
    if not Path("/proc/sys/net/ipv6").exists():
        return "this kernel has no IPv6"
    try:
        with Namespace() as trial:
            trial.ask("ip", lines=["link add br0 type bridge", "link add v0 type veth peer name v1"])
    except (OSError, LabError) as error:
        return f"namespaces or bridges are not allowed: {error}"
    return None


def children(pid: int) -> list[int]:
    """Process ids of the direct children of `pid`; none when it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        if Path("/proc/self/task", str(os.getpid()), "children").exists():
            return []
    except ProcessLookupError:
        return []
    return [child for child in _all_processes() if _parent(child) == pid]  # a kernel without PROC_CHILDREN


def descendants(pid: int) -> set[int]:
    """Process ids of the children of `pid`, theirs, and so on."""
    found = set(children(pid))
    return found.union(*(descendants(child) for child in found))


def _all_processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def is_stopped(pid: int) -> bool:
    """Whether a process has been suspended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


class Namespace:
    """One network, mount, host-name and process namespace, and the agent that holds it."""

    def __init__(self, owner: "Namespace | None" = None) -> None:
        """Make one. `owner`: the namespace in whose user namespace it is to lie."""
        enter: list[str] = []
        flags = _unshare_flags()
        if owner and flags:
            enter, flags = owner._enter_user(), []
        spaces = ["--net", *mount_flags(), "--uts", "--pid", "--fork", "--kill-child"]
        command = [*enter, "unshare", *flags, *spaces]
        # A session of its own: Ctrl-C reaches the tests, which then clear up in order.
        self._agent = subprocess.Popen(
            [*command, "--mount-proc", sys.executable, "-I", "-S", str(AGENT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        )
        try:
            if self._listen() != "ready\n":
                raise LabError(f"no namespace: {self._complaint()}")
            self.pid = children(self._agent.pid)[0]
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> "Namespace":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def ask(self, what: str, **arguments: Any) -> Any:
        """Let the agent carry out one of its requests; raises LabError where it could not."""
        assert self._agent.stdin is not None
        try:
            self._agent.stdin.write(json.dumps({"do": what, "with": arguments}) + "\n")
            self._agent.stdin.flush()
        except BrokenPipeError:
            raise LabError(f"the namespace is gone: {self._complaint()}") from None
        line = self._listen()
        if not line:
            raise LabError(f"the namespace is gone: {self._complaint()}")
        reply = json.loads(line)
        if "failed" in reply:
            raise LabError(reply["failed"])
        return reply["done"]

    def ip_from_outside(self, *lines: str) -> None:
        """Lines of iproute2 on this network, where process ids mean those of the machine.

        An interface is moved by the id of a process in its new namespace; the agent, itself in a
        process namespace, cannot name those of others.
        """
        enter = ["nsenter", "--target", str(self.pid), *_user_flags(), "--net", "--"]
        done = subprocess.run(
            [*enter, "ip", "-batch", "-"],
            input="\n".join(lines) + "\n",
            text=True,
            capture_output=True,
            env=environment(),
            check=False,
        )
        if done.returncode:
            raise LabError(f"ip: {done.stderr.strip()}")

    def command(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        inside: dict[str, str] | None = None,
        terminal: bool = False,
    ) -> list[str]:
        """The command line that runs `command` in here, and ends it when its starter ends.

        Args:
            command: the program and its arguments.
            cwd: its folder; else the present one.
            inside: variables set only for the program, not for the tools that enter.
            terminal: standard input is to become its controlling terminal.
        """
        # Without the first --pdeathsig an nsenter stopped with its program would outlive us, and hold the
        # namespace. The signal comes when the starting thread ends, so only the main one can ask for it.
        until_we_end = ("setpriv", "--pdeathsig", "KILL", "--")
        guard = until_we_end if threading.current_thread() is threading.main_thread() else ()
        # --root: entering a mount namespace leaves a chroot, and tests may run in one.
        spaces = ["--net", "--mount", "--uts", "--pid", "--root"]
        return [
            *guard,
            *("nsenter", "--target", str(self.pid), *_user_flags(), *spaces, "--"),
            *until_we_end,
            *(("setsid", "--ctty") if terminal else ()),
            *("env", f"--chdir={cwd or Path.cwd()}"),
            *(f"{name}={value}" for name, value in (inside or {}).items()),
            *map(str, command),
        ]

    def end(self) -> None:
        """Kill everything in here and take the namespace away."""
        for stream in (self._agent.stdin, self._agent.stdout, self._agent.stderr):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        end_process(self._agent)

    def _enter_user(self) -> list[str]:
        return ["nsenter", "--target", str(self.pid), *_user_flags(), "--"]

    def _listen(self) -> str:
        assert self._agent.stdout is not None
        return self._agent.stdout.readline()

    def _complaint(self) -> str:
        assert self._agent.stderr is not None
        return self._agent.stderr.read().strip()


def _user_flags() -> list[str]:
    return ["--user", "--preserve-credentials"] if _unshare_flags() else []


def end_process(process: "subprocess.Popen[str]") -> None:
    """Wait for a process whose input was closed; kill it if it does not care."""
    try:
        process.wait(END_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(condition: Any, timeout_s: float, pause_s: float = 0.002) -> bool:
    """Whether `condition()` came true in time."""
    limit_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > limit_s:
            return False
        time.sleep(pause_s)
    return True

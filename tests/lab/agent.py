"""Process 1 of one namespace: holds it, prepares it, and takes it away when its standard input closes.

Run alone as `python -I -S agent.py`, so it imports nothing of this package. Each line on standard
input is a JSON request, each answered by one JSON line. The pipe's other end is in the process that
made the laboratory: however that one ends, this one reads the end of input and exits, and the kernel
kills what else runs in the namespace. It never talks to a network itself.
"""

import array
import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIOCETHTOOL = 0x8946
# linux/ethtool.h, the "set" commands: transmit checksum, scatter-gather, TSO, GSO, GRO.
OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)

# Sockets of the machine's own resolvers: through them a host would ask the real network for names.
FOREIGN_RESOLVERS = ("/run/systemd/resolve", "/run/avahi-daemon", "/run/nscd", "/run/dbus")


def run(command: list[str], text: str = "") -> str:
    """Run a command to its end, with `text` as its input."""
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def ip(lines: list[str]) -> str:
    """Carry out lines of iproute2 in one process."""
    return run(["ip", "-batch", "-"], "\n".join(lines) + "\n")


def set_kernel(settings: dict[str, str]) -> None:
    """Write files below /proc/sys; a refused one is an error."""
    for path, value in settings.items():
        Path("/proc/sys", path).write_text(value)


def try_kernel(settings: dict[str, str]) -> None:
    """As `set_kernel`, for what a kernel may refuse."""
    for path, value in settings.items():
        with contextlib.suppress(OSError):
            Path("/proc/sys", path).write_text(value)


def read(path: str) -> str:
    """The text of a file, as seen in this namespace."""
    return Path(path).read_text()


def offload_off(names: list[str]) -> None:
    """Turn the offloads of interfaces off, so that frames are as on a wire. Needs no ethtool."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for name in names:
            for command in OFFLOADS:
                value = array.array("B", struct.pack("II", command, 0))
                request = struct.pack("16sP", name.encode(), value.buffer_info()[0])
                with contextlib.suppress(OSError):  # the interface has no such offload
                    fcntl.ioctl(sock, SIOCETHTOOL, request)


def furnish(host_name: str, resolver_file: str) -> bool:
    """Give this namespace a name and its own resolver; True where name look-ups stay inside it."""
    socket.sethostname(host_name)
    with contextlib.suppress(RuntimeError):  # a chroot may have no /sys
        run(["mount", "-t", "sysfs", "sysfs", "/sys"])
    for folder in FOREIGN_RESOLVERS:
        if Path(folder).is_dir():
            run(["mount", "-t", "tmpfs", "tmpfs", folder])
    if not Path("/etc/resolv.conf").exists():
        return False
    run(["mount", "--bind", resolver_file, "/etc/resolv.conf"])
    return True


def kill_all() -> None:
    """kill -9 for every other process of this namespace."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


REQUESTS: dict[str, Callable[..., Any]] = {
    "run": run,
    "ip": ip,
    "set_kernel": set_kernel,
    "try_kernel": try_kernel,
    "read": read,
    "offload_off": offload_off,
    "furnish": furnish,
    "kill_all": kill_all,
}


def answer(line: str) -> dict[str, Any]:
    """Carry out one request; what went wrong is an answer too."""
    request = json.loads(line)
    try:
        return {"done": REQUESTS[request["do"]](**request["with"])}
    except (OSError, RuntimeError) as error:
        return {"failed": str(error)}


def reap(*_: object) -> None:
    """Bury orphans, as process 1 has to: else what a test killed would stay in /proc."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main() -> None:
    """Answer requests until the input ends."""
    signal.signal(signal.SIGCHLD, reap)
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        # Blocked meanwhile, or reap() would take the exit code that subprocess waits for.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        reply = answer(line)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()

"""All rights given away, by each wall alone, in child processes: there is no way back from it."""

import subprocess
import sys
from pathlib import Path

import pytest

from satchel.confinement.landlock import landlock_version
from satchel.confinement.seccomp import can_filter_calls

COMMON = """
import errno, os, socket, sys
from pathlib import Path
from satchel.confinement.landlock import confine_wholly
from satchel.confinement.seccomp import can_filter_calls, filter_calls
folder = Path(sys.argv[1])
kept = os.open(folder / "kept", os.O_RDWR | os.O_CREAT)
def refused(call):
    try:
        call()
    except OSError as exc:
        assert exc.errno in (errno.EACCES, errno.EPERM, errno.EXDEV), exc
        return True
    return False
"""
LANDLOCK = """
listening = socket.create_server(("127.0.0.1", 0))
outside = os.fork()
if outside == 0:
    while True:
        os.read(0, 1)  # for ever, or until the parent is gone
        os._exit(0)
assert confine_wholly()
assert refused(lambda: open("/etc/passwd"))
assert refused(lambda: os.listdir("/"))
assert refused(lambda: os.listdir(folder))
assert refused(lambda: (folder / "new").write_bytes(b""))
assert refused(lambda: (folder / "kept").unlink())
assert refused(lambda: os.truncate(folder / "kept", 0))
if version >= 4:
    assert refused(lambda: socket.create_connection(listening.getsockname()))
if version >= 6:
    assert refused(lambda: os.kill(outside, 0))
assert os.write(kept, b"x") == 1  # what is open stays open
print("confined")
"""
SECCOMP = """
assert can_filter_calls()
here, there = socket.socketpair()
assert filter_calls()
assert refused(lambda: os.open("/etc/passwd", os.O_RDONLY))
assert refused(lambda: os.stat("/etc/passwd"))
assert refused(lambda: os.fork())
assert refused(lambda: os.kill(os.getpid(), 0))
assert refused(lambda: socket.socket())
assert refused(lambda: os.execv("/bin/true", ["/bin/true"]))
assert refused(lambda: os.set_inheritable(kept, True))
assert os.write(kept, b"x") == 1
os.write(here.fileno(), b"y")
assert os.read(there.fileno(), 1) == b"y"
assert len(bytearray(100 << 20)) == 100 << 20  # memory is still given
os.write(1, b"confined\\n")
os._exit(0)
"""
PARENT = """
import os, signal, sys
from satchel.confinement.seccomp import end_with_parent
ready, say = os.pipe()
told, alive = os.pipe()
middle = os.fork()
if middle == 0:
    if os.fork() == 0:
        end_with_parent()
        os.write(say, b"x")
        signal.alarm(40)  # only where this test has failed
        signal.pause()
    os.read(ready, 1)
    os._exit(0)
os.close(alive)
assert os.read(told, 1) == b""  # the innermost has closed it, by its end
os.waitpid(middle, 0)
print("ended")
"""


def run(script: str, *arguments: object) -> str:
    line = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(
        line, capture_output=True, text=True, check=False, timeout=20, stdin=subprocess.PIPE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_landlock_alone_leaves_no_file_and_no_network(tmp_path: Path) -> None:
    version = landlock_version()
    if version < 1:
        pytest.skip("this kernel has no Landlock")
    assert run(f"version = {version}\n{COMMON}{LANDLOCK}", tmp_path) == "confined\n"


def test_seccomp_alone_leaves_memory_and_what_is_open(tmp_path: Path) -> None:
    if not can_filter_calls():
        pytest.skip("this kernel has no seccomp filters")
    assert run(COMMON + SECCOMP, tmp_path) == "confined\n"


def test_who_ends_with_its_parent_ends_with_it() -> None:
    assert run(PARENT) == "ended\n"

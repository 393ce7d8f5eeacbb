"""Runs a program and writes down what it used: `python -I -S measured.py REPORT PROGRAM [ARGUMENT ...]`.

The peak memory that a kernel reports for a child includes what its parent held before exec: so this
imports nothing that it can do without. Memory below what a bare Python holds is not seen.
"""

import os
import sys
import time


def bytes_read(pid: int) -> int:
    """What read() and its like gave the program, caches included; recv() does not count. -1: not told."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as lines:
            return int(next(line for line in lines if line.startswith("rchar:")).split()[1])
    except (OSError, StopIteration):
        return -1


def main(report: str, command: list[str]) -> int:
    """Run `command` to its end; its exit code is ours."""
    started_s = time.monotonic()
    pid = os.fork()
    if pid == 0:
        # setpriv: who kills us kills the program.
        os.execvp("setpriv", ["setpriv", "--pdeathsig", "KILL", "--", *command])
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # dead, but not yet buried: /proc still knows it
    ended_s = time.monotonic()
    read_bytes = bytes_read(pid)
    _, status, usage = os.wait4(pid, 0)
    with open(f"{report}.part", "w", encoding="ascii") as out:
        out.write(
            f'{{"started_s": {started_s}, "ended_s": {ended_s}, "user_s": {usage.ru_utime}, '
            f'"system_s": {usage.ru_stime}, "rss_bytes": {usage.ru_maxrss * 1024}, '
            f'"read_bytes": {read_bytes}}}'
        )
    os.rename(f"{report}.part", report)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

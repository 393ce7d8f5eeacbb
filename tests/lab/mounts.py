"""Programs of tests that mount something, in a mount namespace of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab.namespace import environment, mount_flags

TESTS = Path(__file__).parents[1]


def run_mounting(program: str, place: Path, *words: str) -> str:
    """Run it by Python, with the words "-c", `place`, the folder of tests, and these. What it has printed.

    Skips where nothing can be mounted. Raises AssertionError: it failed.
    """
    command = ["unshare", *mount_flags()]
    trial = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if subprocess.run(trial, check=False, env=environment()).returncode:
        pytest.skip("mounting needs root")
    done = subprocess.run(
        [*command, sys.executable, "-c", program, str(place), str(TESTS), *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

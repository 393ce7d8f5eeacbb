"""Starting other programs, and telling the person what goes on. Never asks for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# .ci/run points this elsewhere, so that it never meets what an earlier run left behind.
DEV = Path(os.environ.get("SATCHEL_DEV_DIR") or ROOT / ".dev").resolve()
VENV = DEV / "venv"  # Satchel and all that it is checked with, exactly as uv.lock says
PYTHON = VENV / "bin" / "python"


class Stopped(Exception):
    """Set-up cannot go on; the text is what the person needs: what, what is safe, what to do."""


def run_quietly(
    command: Sequence[str], environment: Mapping[str, str], *, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder or ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def say(text: str) -> None:
    print(f"dev.py: {text}", file=sys.stderr, flush=True)

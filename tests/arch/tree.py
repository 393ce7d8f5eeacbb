"""The files of this checkout, for tests about the whole of it."""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "satchel"


@cache
def tracked_files() -> tuple[Path, ...]:
    """All files that belong to the project, relative to ROOT; new ones too, so that nothing slips in."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            pass  # no git here, or it does not trust the owner of the folder: walk instead
        else:
            names = (Path(os.fsdecode(name)) for name in listed.split(b"\0") if name)
            return tuple(sorted(name for name in names if (ROOT / name).is_file()))
    return tuple(sorted(walk()))


def walk() -> Iterator[Path]:
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()} | {".git"}
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if name not in ignored]
        yield from ((Path(folder) / name).relative_to(ROOT) for name in names)


def python_files(*below: str) -> list[Path]:
    """Python files, relative to ROOT, whose path starts with one of `below`."""
    return [
        path for path in tracked_files() if path.suffix == ".py" and path.as_posix().startswith(below or "")
    ]

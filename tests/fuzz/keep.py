"""Keeps what a run found: `python -m fuzz.keep NAME FOLDER` copies into corpus/NAME those inputs of FOLDER
that reach a step in src/satchel, from one line to another, that neither a seed nor a kept input reaches.

Smallest first, and few: they go into the checkout, and every `dev.py check` runs them.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fuzz.registry import CORPUS, Target, load

INPUT_BYTES_MAX = 1024
TARGET_BYTES_MAX = 8 * 1024
SOURCE = str(Path(__file__).parents[2] / "src" / "satchel")
Step = tuple[CodeType, int, int]


def steps(target: Target, data: bytes) -> set[Step]:
    """From which line to which the program went."""
    found: set[Step] = set()

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(SOURCE):
            return None
        last = 0

        def walk(inside: FrameType, event: str, _argument: Any) -> Any:
            nonlocal last
            if event == "line":
                found.add((inside.f_code, last, inside.f_lineno))
                last = inside.f_lineno
            return walk

        return walk

    sys.settrace(enter)
    try:
        target.check(data)
    finally:
        sys.settrace(None)
    return found


def choose(target: Target, candidates: Iterable[bytes]) -> list[bytes]:
    """Those that reach something new, smallest first."""
    kept = [path.read_bytes() for path in target.kept]
    reached: set[Step] = set()
    for known in (*target.seeds(), *kept):
        reached |= steps(target, known)
    room = TARGET_BYTES_MAX - sum(map(len, kept))
    chosen = []
    for data in sorted(candidates, key=lambda data: (len(data), data)):
        if len(data) <= min(room, INPUT_BYTES_MAX) and (new := steps(target, data) - reached):
            reached |= new
            room -= len(data)
            chosen.append(data)
    return chosen


def main() -> None:
    _, name, folder = sys.argv
    target = load(name)
    found = {path.name[:12]: path.read_bytes() for path in Path(folder).iterdir()}
    chosen = choose(target, found.values())
    for data in chosen:
        place = CORPUS / name / next(label for label, content in found.items() if content == data)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    if chosen:
        print(f"{'':>18}  kept {len(chosen)} in {CORPUS / name}")


if __name__ == "__main__":
    main()

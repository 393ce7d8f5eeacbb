"""The vectors of docs/spec as seeds: read at the start of each run, so they are kept in one place only."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

SPEC = Path(__file__).parents[2] / "docs" / "spec"
Vector = dict[str, Any]


@cache
def vectors(page: str) -> list[Vector]:
    found: list[Vector] = json.loads((SPEC / f"{page}.vectors.json").read_text(encoding="utf-8"))["vectors"]
    return found


def of_kind(page: str, kind: str) -> Iterator[Vector]:
    return (vector for vector in vectors(page) if vector["kind"] == kind)


def raw(value: str | list[tuple[str, int]]) -> bytes:
    """Hex, or pairs of hex and how often it stands there."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    return b"".join(bytes.fromhex(part) * times for part, times in value)


def drawn(name: str, count: int) -> bytes:
    """Chance that is the same in every run."""
    return hashlib.shake_256(name.encode()).digest(count)

"""The targets: one file each in targets/, whose name is the target's. Needs no fuzzer.

Each file has `check(data)`, which gives the bytes to a decoder and raises whenever something else than
the documented error comes out, or what comes out is not what was promised. It returns whether the
bytes were taken. And `seeds()`: bytes to begin with.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TARGETS = Path(__file__).parent / "targets"
CORPUS = Path(__file__).parent / "corpus"
INPUT_BYTES_MAX = 4096  # longer seeds are checked, but not changed any further: that would be slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    name: str
    check: Callable[[bytes], bool]
    seeds: Callable[[], Iterator[bytes]]

    @property
    def kept(self) -> list[Path]:
        """Inputs that once showed something new, or a fault."""
        return sorted((CORPUS / self.name).glob("*"))


def names() -> list[str]:
    return sorted(path.stem for path in TARGETS.glob("*.py"))


def load(name: str) -> Target:
    module = importlib.import_module(f"fuzz.targets.{name}")
    return Target(name=name, check=module.check, seeds=module.seeds)

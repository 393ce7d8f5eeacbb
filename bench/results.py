"""What a scenario found, as it is written down. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.figures import Figure, Sample


class ScenarioFailed(Exception):
    """A scenario has no figures; the text is the reason."""


@dataclass(slots=True, kw_only=True)
class Result:
    """Samples and figures of one scenario, or why there are none."""

    name: str
    about: str = ""
    contestants: Mapping[str, Sequence[Sample]] = field(default_factory=dict)  # the limit is the first
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str | None = None
    took_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where it was measured."""

    cores: int
    processor: str
    memory_gib: float
    kernel: str
    python: str
    congestion: str
    load: float  # of the last minute, before we began

    def __str__(self) -> str:
        return (
            f"{self.cores} cores ({self.processor}), {self.memory_gib:.0f} GiB, Linux {self.kernel}, "
            f"Python {self.python}, congestion control {self.congestion}, load before {self.load:.2f}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run of a benchmark."""

    benchmark: str
    date: str
    version: str  # of the code: a commit
    quick: bool
    repeat: int
    machine: Machine
    results: Sequence[Result]

    @property
    def exit_code(self) -> int:
        """A target that is not met is a finding; a scenario without figures is a failure."""
        return 1 if any(result.failure for result in self.results) else 0

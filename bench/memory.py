"""What a hand-over holds in memory, whatever its size and however many its files."""

from pathlib import Path

from bench.figures import Figure, Sample, Target, spread
from bench.report import MB
from bench.results import Result, ScenarioFailed
from bench.track import Course, track
from bench.workspace import IN_MEMORY, ON_DISK, random_tree, workspace

TIMEOUT_S = 1200.0


def memory(course: Course) -> Result:
    """Once: the peak does not vary, and it takes minutes. The source has holes; what arrives has none."""
    size = course.size(10_000_000_000, 1_000_000_000)
    with workspace(ON_DISK, size) as folder, track(folder, timeout_s=TIMEOUT_S) as pair:
        path = folder / "large.bin"
        with path.open("wb") as out:
            out.truncate(size)
        ours = pair.hand_over(path)
        if (pair.into / path.name).stat().st_size != size:
            raise ScenarioFailed("what arrived has another size")
    about = f"One file of {size // MB:,} MB, from holes to a disk. One repetition."
    return Result(name="memory", about=about, contestants={"Satchel": [ours]}, figures=peaks(ours, 64))


def many(course: Course) -> Result:
    files = course.size(100_000, 10_000)
    with workspace(IN_MEMORY, files * 20_000) as folder, track(folder, timeout_s=TIMEOUT_S) as pair:
        tree = random_tree(folder / "tree", files=files, size_bytes=100)
        ours = pair.hand_over(tree)
        if (arrived := count(pair.into)) != files:
            raise ScenarioFailed(f"{arrived:,} of {files:,} files arrived")
    about = f"{files:,} files of 100 bytes in {files // 100:,} folders, in memory. One repetition."
    return Result(name="many", about=about, contestants={"Satchel": [ours]}, figures=peaks(ours, 100))


def count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


def peaks(ours: Sample, limit_mb: float) -> list[Figure]:
    sides = {"sender": ours.sender, "receiver": ours.receiver}
    return [
        Figure(
            what=f"peak memory of the {name}",
            unit="MB",
            spread=spread([side.rss_bytes / MB]),
            target=Target(at_most=limit_mb),
        )
        for name, side in sides.items()
    ]

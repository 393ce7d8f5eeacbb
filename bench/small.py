"""Many small files, in memory and on a disk: what a name costs beside tar."""

from functools import partial
from pathlib import Path

from bench.figures import Figure, Sample, Target, ratio, speed
from bench.results import Result
from bench.track import Contestant, Course, alternate, track
from bench.workspace import IN_MEMORY, ON_DISK, random_tree, workspace

FILE_BYTES = 4096
TIMEOUT_S = 180.0


def small(course: Course) -> Result:
    samples, about = beside_tar(course, IN_MEMORY, synced=False)
    tar, ours, bound = samples["tar | TCP | tar"], samples["Satchel"], samples["the bound"]
    figures = [
        Figure(
            what="speed of whole processes, of tar",
            spread=speed(tar, ours),
            target=Target(at_least=0.3),
            bound=speed(tar, bound),
        ),
        Figure(
            what="speed from the first byte, of tar",
            spread=speed(tar, ours, payload=True),
            target=Target(at_least=0.4),
            bound=speed(tar, bound, payload=True),
        ),
        Figure(what="speed from the first byte, of the bound", spread=speed(bound, ours, payload=True)),
    ]
    return Result(name="small", about=f"{about}, in memory.", contestants=samples, figures=figures)


def small_disk(course: Course) -> Result:
    samples, about = beside_tar(course, ON_DISK, synced=True)
    tar, ours = samples["tar | TCP | tar, syncfs"], samples["Satchel"]
    figures = [
        Figure(
            what="time of whole processes, of tar and one syncfs",
            spread=ratio([s.whole_s for s in ours], [s.whole_s for s in tar]),
            target=Target(at_most=1.5),
        )
    ]
    about = f"{about}, on a disk, durable when a name is told."
    return Result(name="small-disk", about=about, contestants=samples, figures=figures)


def beside_tar(course: Course, where: Path, *, synced: bool) -> tuple[dict[str, list[Sample]], str]:
    files = course.size(10_000, 1_000)
    with (
        workspace(where, files * FILE_BYTES * 4) as folder,
        track(folder, timeout_s=TIMEOUT_S) as pair,
    ):
        tree = random_tree(folder / "tree", files=files, size_bytes=FILE_BYTES)
        name = "tar | TCP | tar, syncfs" if synced else "tar | TCP | tar"
        contestants: dict[str, Contestant] = {
            name: partial(pair.tar, tree, synced=synced),
        }
        if not synced:
            contestants["the bound"] = partial(pair.promised_tree, tree)
            contestants["without promises"] = partial(pair.bound_of_tree, tree)
            for bound in ("the bound", "without promises"):
                contestants[bound]()
                pair.compare(tree)
        contestants["Satchel"] = partial(pair.hand_over, tree)
        samples = alternate(course, contestants, settle=synced)
        pair.compare(tree)  # the last one was ours
    return samples, f"{files:,} files of {FILE_BYTES // 1024} KiB in {files // 100} folders"

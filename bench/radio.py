"""A bad radio: 54 Mbit/s, 10 ms each way, one frame of a hundred lost."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.figures import Figure, Sample, Target, ratio, spread
from bench.results import Result
from bench.track import Course, Track, alternate, say, track
from bench.workspace import IN_MEMORY, random_file, random_tree, workspace
from lab import Radio

MIB = 1 << 20
BAD = Radio(rate_bps=54e6, delay_s=0.01, loss=0.01)
TIMEOUT_S = 300.0


def radio(course: Course) -> Result:
    """One plain stream is run once: it takes most of a minute."""
    size = course.size(32 * MIB, 4 * MIB)
    with bad_air(2 * size, congestion_fixed=True) as (folder, pair):
        path = random_file(folder / "one.bin", size)
        plain = pair.plain(path)
        say(f"  one plain TCP stream: {plain.whole_s:.1f} s")
        ours = alternate(course, {"Satchel": partial(pair.hand_over, path)}, warm_up=False)["Satchel"]
        pair.compare(path)
    figures = [
        Figure(what="time", unit="s", spread=spread(s.whole_s for s in ours), target=Target(at_most=8.5)),
        Figure(
            what="time, of one plain TCP stream",
            spread=ratio([s.whole_s for s in ours], [plain.whole_s]),
            target=Target(at_most=0.2),
        ),
        air_share(size, ours),
    ]
    samples = {"one plain TCP stream": [plain], "Satchel": ours}
    return Result(
        name="radio", about=f"{size // MIB} MiB. {AIR} {FIXED}", contestants=samples, figures=figures
    )


def radio_small(course: Course) -> Result:
    files = course.size(500, 100)
    with bad_air(files * 16384, congestion_fixed=True) as (folder, pair):
        tree = random_tree(folder / "tree", files=files, size_bytes=4096)
        ours = alternate(course, {"Satchel": partial(pair.hand_over, tree)}, warm_up=False)["Satchel"]
        pair.compare(tree)
    figures = [
        Figure(what="time", unit="s", spread=spread(s.whole_s for s in ours), target=Target(at_most=3.0))
    ]
    about = f"{files} files of 4 KiB. {AIR} {FIXED}"
    return Result(name="radio-small", about=about, contestants={"Satchel": ours}, figures=figures)


def radio_bbr(course: Course) -> Result:
    size = course.size(32 * MIB, 4 * MIB)
    with bad_air(2 * size, congestion_fixed=False) as (folder, pair):
        path = random_file(folder / "one.bin", size)
        ours = alternate(course, {"Satchel": partial(pair.hand_over, path)}, warm_up=False)["Satchel"]
        pair.compare(path)
    figures = [Figure(what="time", unit="s", spread=spread(s.whole_s for s in ours)), air_share(size, ours)]
    about = f"{size // MIB} MiB. {AIR} A program may choose another congestion control than CUBIC."
    return Result(name="radio-bbr", about=about, contestants={"Satchel": ours}, figures=figures)


AIR = "54 Mbit/s, 10 ms each way, 1 % of frames lost."
FIXED = "CUBIC for everybody."


@contextlib.contextmanager
def bad_air(needed_bytes: int, *, congestion_fixed: bool) -> Iterator[tuple[Path, Track]]:
    with (
        workspace(IN_MEMORY, needed_bytes) as folder,
        track(folder, timeout_s=TIMEOUT_S, offload=False, congestion_fixed=congestion_fixed) as pair,
    ):
        pair.lab.shape(pair.sender, BAD)
        yield folder, pair


def air_share(size: int, ours: Sequence[Sample]) -> Figure:
    """Of what the air can carry at most: no loss, no headers."""
    least_s = size * 8 / BAD.rate_bps
    return Figure(what="speed, of the bare air", spread=spread(least_s / s.whole_s for s in ours))

"""One large file in memory: what encryption, hashing and the protocol cost beside plain TCP."""

from functools import partial

from bench.certificate import make_certificate
from bench.figures import Figure, Target, speed, spread
from bench.results import Result
from bench.track import Contestant, Course, alternate, track
from bench.workspace import IN_MEMORY, random_file, workspace

MIB = 1 << 20
TIMEOUT_S = 180.0


def bulk(course: Course) -> Result:
    size = course.size(2048 * MIB, 256 * MIB)
    with workspace(IN_MEMORY, 2 * size) as folder, track(folder, timeout_s=TIMEOUT_S) as pair:
        path = random_file(folder / "one.bin", size)
        certificate, key = make_certificate(folder)
        contestants: dict[str, Contestant] = {
            "plain TCP": partial(pair.plain, path),
            "Satchel": partial(pair.hand_over, path),
            "TLS": partial(pair.tls, path, certificate, key),
            "the bound": partial(pair.bound, path),
        }
        samples = alternate(course, contestants, memory_bytes=size)
        pair.hand_over(path)
        pair.compare(path)
    plain, ours, bound = samples["plain TCP"], samples["Satchel"], samples["the bound"]
    figures = [
        Figure(
            what="speed from the first byte, of plain TCP",
            spread=speed(plain, ours, payload=True),
            target=Target(at_least=0.6),
            bound=speed(plain, bound, payload=True),
        ),
        Figure(
            what="speed of whole processes, of plain TCP",
            spread=speed(plain, ours),
            target=Target(at_least=0.5),
            bound=speed(plain, bound),
        ),
        Figure(
            what="CPU of both sides",
            unit="s/GiB",
            spread=spread(s.cpu_s_per_gib for s in ours),
            target=Target(at_most=1.9),
            bound=spread(s.cpu_s_per_gib for s in bound),
        ),
        Figure(what="speed of whole processes, of TLS", spread=speed(samples["TLS"], ours)),
        Figure(what="speed from the first byte, of the bound", spread=speed(bound, ours, payload=True)),
    ]
    about = f"One file of {size // MIB} MiB, in memory, large frames."
    return Result(name="bulk", about=about, contestants=samples, figures=figures)

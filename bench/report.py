"""A run as JSON for programs and as Markdown for people. Pure."""

import dataclasses
import json
from collections.abc import Iterable, Sequence

from bench.figures import Figure, Sample, Side, Spread, is_unsteady, speed, spread
from bench.results import Report, Result

MB = 1_000_000


def as_json(report: Report) -> str:
    """Everything, with the verdict of each figure."""
    tree = dataclasses.asdict(report)
    for result, written in zip(report.results, tree["results"], strict=True):
        for figure, line in zip(result.figures, written["figures"], strict=True):
            line["target"] = None if figure.target is None else str(figure.target)
            line["verdict"] = figure.verdict.value
            line["decided"] = figure.decided
    return json.dumps(tree, indent=1) + "\n"


def as_markdown(report: Report) -> str:
    """Headings, figures with their targets, and beside them who took how long and how much."""
    lines = [
        f"# {report.benchmark}, {report.date}",
        "",
        f"Code: {report.version}. Machine: {report.machine}.",
    ]
    lines += [f"Repetitions: {report.repeat}. Shown as median (least to most)."]
    if report.quick:
        lines += [
            "",
            "**Quick: smaller sizes. The targets are those of the full size, so this decides nothing.**",
        ]
    for result in report.results:
        lines += ["", *section(result)]
    return "\n".join(lines) + "\n"


def section(result: Result) -> Iterable[str]:
    """One scenario."""
    yield f"## {result.name}"
    yield ""
    yield f"{result.about} ({result.took_s:.0f} s)".strip()
    if result.failure:
        yield from ("", f"**failed: {result.failure}**")
    if result.figures:
        yield from ("", "| figure | value | target | verdict | the bound |", "|---|---|---|---|---|")
        yield from (figure_row(figure) for figure in result.figures)
    if result.contestants:
        head = ["", "whole s", "speed", "payload s", "speed", "MB/s"]
        head += ["CPU s/GiB, sender + receiver", "peak MB, sender, receiver"]
        yield from ("", f"| {' | '.join(head)} |", "|---|---|---|---|---|---|---|---|")
        limit = next(iter(result.contestants.values()))
        for name, samples in result.contestants.items():
            yield contestant_row(name, limit, samples)
    notes = [*result.notes, *warnings(result)]
    if notes:
        yield ""
        yield from (f"- {note}" for note in notes)


def warnings(result: Result) -> Iterable[str]:
    """Who was disturbed: a verdict that stands on a disturbed limit is none."""
    for name, samples in result.contestants.items():
        if is_unsteady(samples):
            times = spread(sample.whole_s for sample in samples)
            yield (
                f"**Unsteady:** {name} took {number(times.least)} to {number(times.most)} s. Was something "
                "else running? Measure again on a quiet machine, with more repetitions."
            )


def figure_row(figure: Figure) -> str:
    bound = "" if figure.bound is None else shown(figure.bound)
    target = "" if figure.target is None else str(figure.target)
    unit = f" {figure.unit}" if figure.unit else ""
    verdict = figure.verdict.value + ("" if figure.decided else ", not in every turn")
    return f"| {figure.what} | {shown(figure.spread)}{unit} | {target} | {verdict} | {bound} |"


def contestant_row(name: str, limit: Sequence[Sample], samples: Sequence[Sample]) -> str:
    """A ratio is a speed: 1 is as fast as the limit."""
    rate = spread(s.size_bytes / MB / s.payload_s for s in samples)
    cells = [
        name.replace("|", "\\|"),  # else it would be the end of a cell
        shown(spread(s.whole_s for s in samples)),
        shown(speed(limit, samples)),
        shown(spread(s.payload_s for s in samples)),
        shown(speed(limit, samples, payload=True)),
        number(rate.median),
        f"{cpu(samples, [s.sender for s in samples])} + {cpu(samples, [s.receiver for s in samples])}",
        f"{peak_mb([s.sender for s in samples])}, {peak_mb([s.receiver for s in samples])}",
    ]
    return f"| {' | '.join(cells)} |"


def cpu(samples: Sequence[Sample], sides: Sequence[Side]) -> str:
    per_gib = (side.cpu_s / (s.size_bytes / 2**30) for s, side in zip(samples, sides, strict=True))
    return number(spread(per_gib).median)


def peak_mb(sides: Sequence[Side]) -> str:
    return number(max(side.rss_bytes for side in sides) / MB)


def shown(value: Spread) -> str:
    if value.least == value.most:
        return number(value.median)
    return f"{number(value.median)} ({number(value.least)} to {number(value.most)})"


def number(value: float) -> str:
    """Three digits that count, and no exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

"""What a benchmark says follows from what it measured: medians, ratios, verdicts, the exit code."""

import json

import pytest

from bench.figures import Figure, Sample, Side, Target, Verdict, ratio, speed, spread
from bench.report import as_json, as_markdown, number, shown
from bench.results import Machine, Report, Result, ScenarioFailed
from bench.running import run_one
from bench.track import Course

MACHINE = Machine(
    cores=2, processor="abacus", memory_gib=4, kernel="6.1", python="3.11", congestion="cubic", load=0.1
)


def sample(whole_s: float, cpu_s: float = 1.0) -> Sample:
    side = Side(cpu_s=cpu_s, rss_bytes=30_000_000)
    return Sample(size_bytes=1 << 30, whole_s=whole_s, payload_s=whole_s / 2, sender=side, receiver=side)


def report(*results: Result, quick: bool = False) -> Report:
    return Report(
        benchmark="handover",
        date="2000-01-01",
        version="abc",
        quick=quick,
        repeat=3,
        machine=MACHINE,
        results=results,
    )


def found(value: float, target: Target | None = None, bound: float | None = None) -> Figure:
    return Figure(
        what="speed", spread=spread([value]), target=target, bound=None if bound is None else spread([bound])
    )


def test_a_spread_is_of_what_was_measured() -> None:
    middle = spread([3.0, 1.0, 2.0])
    assert (middle.median, middle.least, middle.most) == (2.0, 1.0, 3.0)
    assert spread([1.0, 2.0]).median == 1.5
    with pytest.raises(ValueError, match="nothing"):
        spread([])


def test_a_ratio_is_of_medians_and_spreads_over_turns() -> None:
    of_three = ratio([1.0, 2.0, 30.0], [4.0, 4.0, 4.0])
    assert (of_three.median, of_three.least, of_three.most) == (0.5, 0.25, 7.5)
    assert speed([sample(1.0), sample(10.0)], [sample(2.0), sample(20.0)]).most == 0.5


@pytest.mark.parametrize(("over", "under"), [([1.0, 2.0], [1.0, 2.0, 3.0]), ([], [1.0]), ([1.0], [])])
def test_a_ratio_needs_as_many_turns_on_both_sides(over: list[float], under: list[float]) -> None:
    with pytest.raises(ValueError, match=r"longer|nothing"):
        ratio(over, under)


def test_what_was_run_once_is_compared_with_every_turn() -> None:
    once = ratio([2.0, 4.0, 3.0], [10.0])
    assert (once.median, once.least, once.most) == (0.3, 0.2, 0.4)


def test_a_target_that_some_turns_miss_is_not_decided() -> None:
    figure = Figure(what="speed", spread=spread([0.5, 0.7, 0.8]), target=Target(at_least=0.6))
    assert figure.verdict is Verdict.MET
    assert not figure.decided
    assert found(0.7, Target(at_least=0.6)).decided
    assert found(0.7).decided
    assert "met, not in every turn" in as_markdown(report(Result(name="fast", figures=[figure])))


def test_a_limit_that_was_disturbed_is_told() -> None:
    disturbed = Result(name="bulk", contestants={"plain TCP": [sample(1.0), sample(1.6)]})
    assert "**Unsteady:** plain TCP took 1.00 to 1.60 s" in as_markdown(report(disturbed))
    steady = Result(name="bulk", contestants={"plain TCP": [sample(1.0), sample(1.4)]})
    assert "Unsteady" not in as_markdown(report(steady))


@pytest.mark.parametrize(
    ("value", "target", "bound", "verdict"),
    [
        (0.6, Target(at_least=0.6), None, Verdict.MET),
        (0.59, Target(at_least=0.6), None, Verdict.NOT_MET),
        (0.5, Target(at_least=0.6), 0.55, Verdict.BOUND),
        (0.5, Target(at_least=0.6), 0.7, Verdict.NOT_MET),
        (0.7, Target(at_least=0.6), 0.5, Verdict.MET),
        (1.9, Target(at_most=1.9), None, Verdict.MET),
        (2.0, Target(at_most=1.9), 1.95, Verdict.BOUND),
        (2.0, Target(at_most=1.9), 1.8, Verdict.NOT_MET),
        (2.0, None, None, Verdict.NONE),
    ],
)
def test_verdict(value: float, target: Target | None, bound: float | None, verdict: Verdict) -> None:
    assert found(value, target, bound).verdict is verdict


def test_a_bound_that_was_disturbed_excuses_nothing() -> None:
    disturbed = spread([0.3, 0.5, 0.66])
    slow = Figure(what="speed", spread=spread([0.4]), target=Target(at_least=0.6), bound=disturbed)
    assert slow.verdict is Verdict.NOT_MET


def test_cpu_is_of_both_sides_for_each_gib() -> None:
    assert sample(1.0, cpu_s=0.75).cpu_s_per_gib == 1.5


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (12.34, "12.3"), (123.4, "123"), (12345.0, "12,345"), (0.0, "0.00")]
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_spread_of_one_is_shown_alone() -> None:
    assert shown(spread([1.0])) == "1.00"
    assert shown(spread([1.0, 3.0, 2.0])) == "2.00 (1.00 to 3.00)"


def test_only_a_scenario_without_figures_is_a_failure() -> None:
    missed = Result(name="slow", figures=[found(0.1, Target(at_least=0.6))])
    assert report(missed).exit_code == 0
    assert report(missed, Result(name="broken", failure="no room")).exit_code == 1


def test_markdown_has_targets_verdicts_and_reasons() -> None:
    slow = Result(
        name="slow",
        about="One file.",
        contestants={"tar | tar": [sample(1.0)], "Satchel": [sample(2.0)]},
        figures=[found(0.5, Target(at_least=0.6), 0.55)],
        notes=["A word."],
    )
    text = as_markdown(report(slow, Result(name="broken", failure="no room"), quick=True))
    assert "2 cores (abacus)" in text
    assert "decides nothing" in text
    assert "| speed | 0.50 | >= 0.6 | bound | 0.55 |" in text
    assert r"| tar \| tar | 1.00 | 1.00 | 0.50 | 1.00 | 2,147 | 1.00 + 1.00 | 30.0, 30.0 |" in text
    assert "| Satchel | 2.00 | 0.50 | 1.00 | 0.50 |" in text
    assert "- A word." in text
    assert "**failed: no room**" in text


def test_a_limit_that_was_run_once_stands_beside_three() -> None:
    radio = Result(name="radio", contestants={"plain": [sample(9.0)], "Satchel": [sample(3.0)] * 3})
    assert "| Satchel | 3.00 | 3.00 | 1.50 | 3.00 |" in as_markdown(report(radio))


def test_json_has_everything_and_the_verdict() -> None:
    tree = json.loads(as_json(report(Result(name="slow", figures=[found(0.5, Target(at_least=0.6))]))))
    figure = tree["results"][0]["figures"][0]
    assert figure["verdict"] == "not met"
    assert figure["target"] == ">= 0.6"
    assert figure["spread"]["median"] == 0.5


def test_a_scenario_that_fails_says_why() -> None:
    def broken(course: Course) -> Result:
        raise ScenarioFailed(f"no room,\nnot even for {course.repeat}")

    result = run_one("broken", broken, Course(repeat=1, quick=True))
    assert result.failure == "no room, not even for 1"
    assert result.name == "broken"

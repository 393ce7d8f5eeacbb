"""`dev.py bench` says which benchmarks there are, and each scenario has its line in the documentation."""

import re

import pytest

from arch.tree import ROOT
from bench.__main__ import KNOWN, SCENARIOS, main

# In the order of docs/benchmarks.md.
DOCUMENTED = (
    *("handover", "discovery", "flood", "letters", "meet", "page", "reconcile", "custody"),
    "library",
)


@pytest.mark.parametrize(("line", "code"), [([], 2), (["handoff"], 2), (["--help"], 0)])
def test_an_unknown_name_shows_the_known_ones(
    line: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == code
    page = capsys.readouterr().out
    assert all(f"  {name}  " in page for name in KNOWN)


@pytest.mark.parametrize("line", [["--only", "nothing"], ["--repeat", "many"], ["--slow"]])
def test_a_wrong_line_is_refused(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["handover", *line])
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_less_than_one_repetition_is_refused() -> None:
    assert main(["handover", "--repeat", "0"]) == 2


def test_every_scenario_is_documented() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == [
        name for benchmark in DOCUMENTED for name in SCENARIOS[benchmark]
    ]

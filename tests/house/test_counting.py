"""The closing line of dev.py: a run that went wrong is never counted as one that went well."""

from pathlib import Path

import pytest

from workshop.checks import Tally, read_report

HEAD = '<?xml version="1.0"?><testsuites>'


@pytest.mark.parametrize(
    ("suite", "code", "expected"),
    [
        ('<testsuite tests="5" failures="0" errors="0" skipped="1"/>', 0, Tally(4, 0, 1)),
        ('<testsuite tests="5" failures="1" errors="1" skipped="1"/>', 1, Tally(2, 2, 1)),
        ('<testsuite tests="1" failures="0" errors="1" skipped="0"/>', 2, Tally(0, 1, 0)),  # collection
        ('<testsuite tests="1" failures="1" errors="1" skipped="0"/>', 1, Tally(0, 2, 0)),  # and tear-down
        ('<testsuite tests="5" failures="0" errors="0" skipped="0"/>', 3, Tally(5, 1, 0)),  # pytest broke
        ('<testsuite tests="0" failures="0" errors="0" skipped="0"/>', 5, Tally(0, 1, 0)),  # none found
    ],
)
def test_report(tmp_path: Path, suite: str, code: int, expected: Tally) -> None:
    report = tmp_path / "unit.xml"
    report.write_text(f"{HEAD}{suite}</testsuites>", encoding="utf-8")
    assert read_report(report, code) == expected


@pytest.mark.parametrize("text", [None, "", f'{HEAD}<testsuite tests="9"'])
def test_a_killed_run_is_a_failure(tmp_path: Path, text: str | None) -> None:
    report = tmp_path / "unit.xml"
    if text is not None:
        report.write_text(text, encoding="utf-8")
    assert read_report(report, -9) == Tally(0, 1, 0)


def test_closing_line() -> None:
    assert str(Tally(1, 2, 3) + Tally(10, 0, 0)) == "11 passed, 2 failed, 3 skipped"

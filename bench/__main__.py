"""`python -m bench NAME`: run a benchmark, show what it found, keep it in .dev/bench/."""

import argparse
import os
import sys
from collections.abc import Sequence

from bench import custody, discovery, flood, handover, letters, library, meet, page, reconcile
from bench.report import as_markdown
from bench.running import Scenario, keep, run
from bench.track import Course, say
from lab import why_not

KNOWN = {
    "custody": custody.ABOUT,
    "discovery": discovery.ABOUT,
    "flood": flood.ABOUT,
    "handover": handover.ABOUT,
    "letters": letters.ABOUT,
    "library": library.ABOUT,
    "meet": meet.ABOUT,
    "page": page.ABOUT,
    "reconcile": reconcile.ABOUT,
}
SCENARIOS: dict[str, dict[str, Scenario]] = {
    "custody": custody.SCENARIOS,
    "discovery": discovery.SCENARIOS,
    "flood": flood.SCENARIOS,
    "handover": handover.SCENARIOS,
    "letters": letters.SCENARIOS,
    "library": library.SCENARIOS,
    "meet": meet.SCENARIOS,
    "page": page.SCENARIOS,
    "reconcile": reconcile.SCENARIOS,
}


def parser(name: str) -> argparse.ArgumentParser:
    scenarios = list(SCENARIOS[name])
    made = argparse.ArgumentParser(prog=f"dev.py bench {name}", description=KNOWN[name])
    made.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions (default: 3)")
    made.add_argument("--quick", action="store_true", help="smaller sizes, which decide nothing")
    made.add_argument("--only", nargs="+", choices=scenarios, default=scenarios, metavar="SCENARIO",
                      help=f"of: {', '.join(scenarios)}")  # fmt: skip
    return made


def main(arguments: Sequence[str]) -> int:
    name = arguments[0] if arguments else ""
    if name not in KNOWN:
        if name not in ("", "-h", "--help"):
            say(f"There is no benchmark {name!r}.")
        lines = [f"  {known}  {about}" for known, about in KNOWN.items()]
        print("\n".join(["Benchmarks (python3 dev.py bench NAME --help says more):", *lines]))
        return 0 if name in ("-h", "--help") else 2
    options = parser(name).parse_args(arguments[1:])
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program finds its modules compiled
    if options.repeat < 1:
        say("Nothing can be measured in less than one repetition.")
        return 2
    if reason := why_not():
        say(f"No benchmark can run here: {reason}.")
        return 1
    course = Course(repeat=options.repeat, quick=options.quick)
    report = run(name, SCENARIOS[name], course, options.only)
    path = keep(report)
    print(as_markdown(report))
    say(f"Kept as {path}, and as .json beside it.")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""The one way to build, check and try Satchel from a checkout: `python3 dev.py VERB`.

Standard library only, since it has to run on a bare machine: a Debian 12 has python3 but no pip,
no ensurepip, no git and no certificates, and refuses to install into the system's Python (PEP 668).
Everything it makes lies in `.dev/`, and the files of other projects in `src/satchel/web/foreign`; outside of
that it touches nothing, except Debian packages that are missing, and those only as root. It never calls sudo
and never asks for a password.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

from workshop.browsers import prepare_browsers
from workshop.checks import Tally, bench, check, run_tests
from workshop.corpus import prepare_corpus
from workshop.environment import install_beside, set_up
from workshop.foreign import renew
from workshop.fuzzing import SECONDS, fuzz, refuse_unknown, target_names
from workshop.packages import prepare_laboratory
from workshop.peers import prepare_peers
from workshop.running import PYTHON, ROOT, VENV, Stopped

PYTHON_OLDEST = (3, 11)


def verb_setup() -> int:
    """make the environment in .dev/, or find that it is there"""
    set_up()
    return 0


def verb_check() -> int:
    """ruff, mypy, imports, tests: no root, no network, under two minutes"""
    set_up()
    return conclude(check())


def verb_test() -> int:
    """check, then the network laboratory with real browsers, and all that is slow"""
    try:
        set_up()
        install_beside("plain-apsw")
    except Stopped as reason:
        print(reason, flush=True)
        return conclude(Tally(failed=1))
    prepare_laboratory()
    prepare_browsers()
    prepare_corpus()
    total = check()
    tally, _, seconds = run_tests("lab", "lab or slow", show=True)
    print(f"     lab  {'FAILED' if tally.failed else 'ok':<6}  {seconds:5.1f} s  {tally}", flush=True)
    return conclude(total + tally)


def verb_demo() -> int:
    """set up, then hand a folder over between nodes on this machine"""
    set_up()
    return subprocess.run([str(VENV / "bin" / "satchel"), "demo"], check=False).returncode


def verb_words() -> int:
    """collect what the page says for its translators; fails while something is untranslated"""
    set_up()
    return subprocess.run([str(PYTHON), "-m", "web.wording"], cwd=ROOT / "tests", check=False).returncode


def verb_bench(arguments: list[str]) -> int:
    """bench NAME: measure against limits and peers in the network laboratory, in the same run"""
    set_up()
    prepare_laboratory()
    if arguments[:1] == ["library"]:
        prepare_peers()
    return bench(arguments)


def verb_foreign(name: str, version: str) -> int:
    """take another version of a package in foreign.lock.json, which names files of other projects"""
    set_up()
    renew(name, version)
    return 0


def verb_fuzz(targets: Sequence[str], seconds: int, *, keep: bool) -> int:
    """throw inputs at every decoder of what strangers and peers send"""
    refuse_unknown(targets)
    set_up()
    return conclude(fuzz(targets, seconds, keep=keep))


def conclude(total: Tally) -> int:
    """Print the closing line, which scripts read: always the last one, always in this form."""
    print(total, flush=True)
    return 1 if total.failed else 0


VERBS: dict[str, Callable[[], int]] = {
    "setup": verb_setup,
    "check": verb_check,
    "test": verb_test,
    "demo": verb_demo,
    "words": verb_words,
}


def add_fuzz(parser: argparse.ArgumentParser) -> None:
    known = ", ".join(target_names())
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"all, or some of: {known}")
    parser.add_argument(
        "--seconds", type=int, default=SECONDS, metavar="N", help=f"for each target; {SECONDS} if not said"
    )
    parser.add_argument(
        "--keep", action="store_true", help="add the inputs that reached something new to the checkout"
    )


def main() -> int:
    if sys.version_info < PYTHON_OLDEST:
        needed = ".".join(map(str, PYTHON_OLDEST))
        print(f"Satchel needs Python {needed} or newer, this is {sys.version.split()[0]}.", file=sys.stderr)
        print(f"Nothing was changed. Start dev.py with python{needed} or newer.", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(prog="dev.py", description="Build, check and try Satchel.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        verbs.add_parser(name, help=verb.__doc__, description=verb.__doc__)
    add_fuzz(verbs.add_parser("fuzz", help=verb_fuzz.__doc__, description=verb_fuzz.__doc__))
    foreign = verbs.add_parser("foreign", help=verb_foreign.__doc__, description=verb_foreign.__doc__)
    foreign.add_argument("name", metavar="NAME", help="of a package of npm")
    foreign.add_argument("version", metavar="VERSION", help="three numbers")
    # It reads its own line, with packages that may not be there yet.
    verbs.add_parser("bench", help=verb_bench.__doc__, add_help=False)
    chosen, rest = parser.parse_known_args()
    if rest and chosen.verb != "bench":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        if chosen.verb == "bench":
            return verb_bench(rest)
        if chosen.verb == "foreign":
            return verb_foreign(chosen.name, chosen.version)
        if chosen.verb == "fuzz":
            return verb_fuzz(chosen.targets, chosen.seconds, keep=chosen.keep)
        return VERBS[chosen.verb]()
    except Stopped as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

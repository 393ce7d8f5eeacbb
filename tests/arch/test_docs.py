"""Documentation cannot rot: what exists is written down, and what is written down has its form."""

import argparse
import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from arch.tree import ROOT, tracked_files
from satchel import errors

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FRAGMENTS = sorted(path for path in (ROOT / "changes").glob("*") if path.name != "README.md")
VECTORS = sorted((ROOT / "docs" / "spec").glob("*.vectors.json"))

# Where somebody happened to work, and where packages come from: neither is the project's business.
PLACES = re.compile(
    r"(?<![\w.])/work/|\.\./shared|/opt/(wheels|pypi)"
    r"|(?<![\w.])pypi\.org|pythonhosted|(deb|snapshot)\.debian\.org"
)
NAME_PLACES = {"uv.lock", Path(__file__).name}  # the lock is generated: addresses with hashes


def commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, list[str]]]:
    """Every command with its own options, subcommands included."""
    options: list[str] = []
    for action in parser._actions:  # argparse has no public way to ask
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from commands(inner, f"{name} {word}")
        elif action.help != argparse.SUPPRESS:
            options += [option for option in action.option_strings if option not in ("-h", "--help")]
    yield name, options


def test_a_page_that_is_named_exists() -> None:
    named = re.compile(r"docs/[a-z0-9/-]+\.md")
    written = [path for path in tracked_files() if path.suffix in (".py", ".md")]
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in written}
    missing = {
        f"{path}: {page}"
        for path, text in texts.items()
        for page in named.findall(text)
        if not (ROOT / page).is_file()
    }
    assert not missing


def test_every_command_and_option_is_in_the_command_page() -> None:
    page = (ROOT / "docs" / "spec" / "cli.md").read_text(encoding="utf-8")
    parser: argparse.ArgumentParser = importlib.import_module("satchel.cli.parser").build_parser()
    missing = []
    for name, options in commands(parser, "satchel"):
        if f"`{name}" not in page:
            missing.append(name)
        missing += [
            f"{name} {o}" for o in options if not re.search(rf"(?<![\w-]){re.escape(o)}(?![\w-])", page)
        ]
    assert not missing


def test_every_exit_code_is_in_the_command_page() -> None:
    page = (ROOT / "docs" / "spec" / "cli.md").read_text(encoding="utf-8")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.SatchelError)} | {0}
    assert not [code for code in sorted(codes) if not re.search(rf"^\|\s*{code}\s*\|", page, re.MULTILINE)]


def test_no_file_says_where_it_was_written_or_fetched() -> None:
    found = []
    for path in tracked_files():
        if path.name in NAME_PLACES:
            continue
        text = (ROOT / path).read_bytes().decode("utf-8", errors="replace")
        found += [f"{path}: {match[0]}" for match in PLACES.finditer(text)]
    assert not found


@pytest.mark.parametrize("place", ["/work/x", "'/work/x'", "../shared/y", "https://pypi.org/z"])
def test_such_a_place_is_seen(place: str) -> None:
    assert PLACES.search(place)


def test_decision_records_are_numbered_once() -> None:
    names = [path.name for path in DECISIONS]
    assert names
    assert not [name for name in names if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)]
    numbers = [name[:4] for name in names]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decision_record_says_why_what_and_at_which_price(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]}: ")
    parts = re.findall(r"^\*\*(Context|Choice|What we gave up)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Choice", "What we gave up"]


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_change_fragment_is_a_short_word_to_users(path: Path) -> None:
    assert re.fullmatch(r"[a-z0-9-]+\.(feature|fix|change|security)\.md", path.name)
    text = path.read_text(encoding="utf-8")
    assert re.match(r"[A-Z`\"]", text)
    assert text.rstrip().endswith(".")
    assert len(text.splitlines()) <= 10


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vectors_belong_to_a_page_and_a_test(path: Path) -> None:
    page = path.with_name(path.name.replace(".vectors.json", ".md"))
    assert path.name in page.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))
    tests = (ROOT / test for test in tracked_files() if test.parts[0] == "tests" and test.suffix == ".py")
    assert any(path.name in test.read_text(encoding="utf-8") for test in tests)


def test_every_dependency_has_a_decision_record() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["build-system"]["requires"] + project["project"]["dependencies"]
    for group in project["dependency-groups"].values():
        wanted += group
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted}
    records = "".join(path.read_text(encoding="utf-8") for path in DECISIONS)
    assert not [name for name in sorted(names) if f"`{name}`" not in records]

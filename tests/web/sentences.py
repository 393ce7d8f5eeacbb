"""The sentences in which Satchel says what went wrong, read out of its own source.

They are made at many places, as `SomeError(f"...", safe="...", do="...")`, and travel as plain strings. So
the list of them is found by their form, and no place has to know about languages. A sentence that cannot be
read, since it is put together by `+` or `join`, is an error: nobody could translate it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property

from satchel.cli.parser import IN_NODE
from web.reading import FIELD, PARTS, Reading, Unreadable
from web.source_code import OPENED, Module, Tree, called, first_text, place, reached

# What the page runs: its own parts, the commands that are jobs of it, and doctor.
BEGINNINGS = (
    "cli/owner_page",
    "web/reading",
    "cli/jobs",
    "cli/doctor_cmd",
    *(f"cli/{name}" for name in sorted(IN_NODE)),
)
AT_A_TERMINAL = frozenset(  # what these say is said before there is a page, or to who types a command
    {
        "cli/editor",
        "cli/home",
        "cli/letter_box",
        "cli/local_socket",
        "cli/over_node",
        "cli/own_node",
        "cli/parser",
        "cli/profile",
        "cli/prompt",
        "cli/qr",
    }
)
COMMAND = re.compile(r"(satchel|pip)( [\w/%().=-]+)*")  # the same in every language
LETTERS_MIN = 3  # of our own words in a template
ROOT_OF_ERRORS = "SatchelError"
TOLD_WITH_WHY = ("failed", "left_out")  # events of which the page shows why
MADE_OF_PARTS = ("Problem", "Finding")  # these have the same three, and are no errors
_OURS = re.compile(r"[a-z]")


class Sentences:
    """Those of some files of Satchel."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._errors = tree.derived_from(ROOT_OF_ERRORS)

    def all(self) -> dict[str, set[str]]:
        """Each template, and the modules that say it. Raises Unreadable."""
        return {text: modules for text, modules in self._found.items() if not COMMAND.fullmatch(text)}

    def commands(self) -> set[str]:
        """Those that are nothing but what is to be typed. Raises Unreadable."""
        return {text for text in self._found if COMMAND.fullmatch(text)}

    @cached_property
    def _found(self) -> dict[str, set[str]]:
        reading = Reading(self._tree)
        found: dict[str, set[str]] = {}
        for module in self._tree.modules.values():
            ends = self._ends(module) if module.name not in AT_A_TERMINAL else ()
            for expression, is_what in ends:
                form = reading.form(expression, module)
                if form.is_open or not (form.texts or form.is_passed_on):
                    raise Unreadable(place(module, expression))
                if is_what and all(_is_ours(text, form.inner) for text in form.texts):
                    continue
                if any(map(_is_vague, form.texts | form.inner)):
                    raise Unreadable(place(module, expression))
                for text in form.texts | form.inner:
                    if text:
                        found.setdefault(text, set()).add(module.name)
        return _of_each_form_one(found)

    def _ends(self, module: Module) -> Iterator[tuple[ast.expr, bool]]:
        """Where an expression becomes a sentence, and whether it says what happened."""
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                yield from self._ends_of_call(module, node)
            elif isinstance(node, OPENED) and self._is_of_an_error(module, node) and node.name == "__init__":
                given = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                yield from ((one, False) for named, one in given if named.arg in PARTS and one is not None)

    def _ends_of_call(self, module: Module, call: ast.Call) -> Iterator[tuple[ast.expr, bool]]:
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        name, others = called(call), [named[part] for part in PARTS[1:] if part in named]
        if name in self._errors:
            if name != "PeerError" and (name != "MisuseError" or others):  # else nobody is told what to do
                yield from ((one, True) for one in call.args[:1])
            yield from ((one, False) for one in others)
        elif name == "__init__" and self._is_of_an_error(module, call):
            yield from ((one, False) for one in others)
        elif name in MADE_OF_PARTS:
            yield from ((named[part], False) for part in PARTS if part in named)
        elif name == "Refused":
            yield call.args[1], False
        elif "why" in named and first_text(call) in TOLD_WITH_WHY:
            yield named["why"], False

    def _is_of_an_error(self, module: Module, node: ast.AST) -> bool:
        around = module.class_around(node)
        return around is not None and around.name in self._errors


def _of_each_form_one(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """`open %(file)s` and `open %(path)s` cannot be told apart."""
    kept: dict[str, str] = {}
    merged: dict[str, set[str]] = {}
    for text in sorted(found, key=lambda text: (min(found[text]), text)):
        form = FIELD.sub("%()s", text)
        merged.setdefault(kept.setdefault(form, text), set()).update(found[text])
    return merged


def _is_vague(text: str) -> bool:
    """Whether it could be any sentence, or nobody can say where one field ends and the next begins."""
    words = FIELD.split(text)[::2]
    return len(words) > 1 and ("" in words[1:-1] or sum(map(str.isalpha, "".join(words))) < LETTERS_MIN)


def _is_ours(text: str, inner: Iterable[str]) -> bool:
    """A mistake of ours, or a clause: a person has nothing to do about it."""
    return _OURS.match(text) is not None or (text.startswith("%(said_") and all(map(_OURS.match, inner)))


@cache
def _of_the_page() -> Sentences:
    return Sentences(reached(BEGINNINGS))


def told() -> dict[str, set[str]]:
    """All that the page may be told, and the modules that say it. Raises Unreadable."""
    return _of_the_page().all()


def commands() -> set[str]:
    """What the page may be told, and is nothing but a command line. Raises Unreadable."""
    return _of_the_page().commands()

"""What is named in each file of Satchel, and where it is called: for tests that read its source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from arch.tree import SRC

OPENED = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Module:
    """One file of Satchel, and what is named in it."""

    name: str  # its path below src/satchel, without an ending
    tree: ast.Module
    functions: dict[str, list[OPENED]] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)  # (module, name)
    around: dict[ast.AST, ast.AST] = field(default_factory=dict)

    def read(self) -> None:
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.around[child] = node
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.functions.setdefault(node.name, []).append(node)
                case ast.ClassDef():
                    self.classes[node.name] = node
                case ast.ImportFrom(module=str(module)):
                    for alias in node.names:
                        self.imported[alias.asname or alias.name] = (module, alias.name)
                case _:
                    pass
        for statement in self.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.constants[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.constants[name] = value
                case _:
                    pass

    def function_around(self, node: ast.AST) -> OPENED | None:
        return next((one for one in self._outwards(node) if isinstance(one, OPENED)), None)

    def class_around(self, node: ast.AST) -> ast.ClassDef | None:
        return next((one for one in self._outwards(node) if isinstance(one, ast.ClassDef)), None)

    def _outwards(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.around:
            node = self.around[node]
            yield node


class Tree:
    """Some files of Satchel together."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self.calls: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    self.calls.setdefault(called(node), []).append((module, node))

    def derived_from(self, root: str) -> set[str]:
        """The names of a class, and of all that are made of it."""
        found, before = {root}, 0
        while len(found) > before:
            before = len(found)
            for module in self.modules.values():
                found |= {
                    name
                    for name, made in module.classes.items()
                    if {name_of(base) for base in made.bases} & found
                }
        return found


def parameters(function: OPENED) -> set[str]:
    given = function.args
    return {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def captured(function: OPENED) -> set[str]:
    """By patterns."""
    return {node.name for node in ast.walk(function) if isinstance(node, ast.MatchAs) and node.name}


def first_text(call: ast.Call) -> str | None:
    match call.args:
        case [ast.Constant(value=str(text)), *_]:
            return text
        case _:
            return None


def called(call: ast.Call) -> str:
    return name_of(call.func)


def name_of(expression: ast.expr) -> str:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def short(module: str) -> str:
    return module.removeprefix("satchel.").replace(".", "/")


def place(module: Module, node: ast.AST) -> str:
    return f"{module.name}.py:{getattr(node, 'lineno', 0)}"


def reached(beginnings: Iterable[str]) -> Tree:
    """All that these import, and what that imports, in order."""
    modules: dict[str, Module] = {}
    waiting = list(beginnings)
    while waiting:
        name = waiting.pop()
        path = next((one for one in (SRC / f"{name}.py", SRC / name / "__init__.py") if one.exists()), None)
        if path is None or name in modules:
            continue
        module = Module(name, ast.parse(path.read_text(encoding="utf-8")))
        module.read()
        modules[name] = module
        for whence, inner in module.imported.values():
            if whence.startswith("satchel"):
                waiting += [short(whence), f"{short(whence)}/{inner}"]
    return Tree(dict(sorted(modules.items())))

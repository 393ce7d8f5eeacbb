"""What core may import, as an allow-list, at any depth of a function (import-linter has the deny-list).

Core that cannot reach a clock, a file or a socket can be read, replayed and fuzzed alone.
"""

import ast
import re
import sys
import tomllib

import pytest

from arch.tree import ROOT, python_files

STDLIB = frozenset(
    {"__future__", "abc", "base64", "bisect", "collections", "dataclasses", "enum", "functools", "hashlib"}
    | {"heapq", "hmac", "itertools", "math", "operator", "re", "struct", "types", "typing", "unicodedata"}
)
MODULE_OF = {"apsw-sqlite3mc": "apsw", "pillow": "PIL"}  # where they differ
ONLY_IN = {"cryptography": "crypto", "blake3": "blobs"}
PROJECT = ("satchel.core", "satchel.errors")
ROUNDABOUT = frozenset({"__import__", "eval", "exec", "compile", "open", "input", "print"})


def trespasses(source: str, folder: str) -> list[str]:
    """What `source`, a file of core/`folder`, reaches for that it must not."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [alias.name for alias in names if not may_import(alias.name, folder)]
            case ast.ImportFrom(level=level) if level:
                found.append("a relative import")
            case ast.ImportFrom(module="satchel", names=names):
                # `from satchel import node` is an import of satchel.node.
                inner = [f"satchel.{alias.name}" for alias in names]
                found += [name for name in inner if not may_import(name, folder)]
            case ast.ImportFrom(module=str(module)) if not may_import(module, folder):
                found.append(module)
            case ast.Call(func=ast.Name(id=name)) if name in ROUNDABOUT:
                found.append(name)
            case ast.Attribute(attr="generate" | "generate_key"):
                found.append("a key drawn inside the library")
    return found


def may_import(module: str, folder: str) -> bool:
    top = module.partition(".")[0]
    if top in ONLY_IN:
        return ONLY_IN[top] == folder
    return top in STDLIB or any(module == name or module.startswith(f"{name}.") for name in PROJECT)


def test_core_imports_only_what_the_list_allows() -> None:
    files = python_files("src/satchel/core/")
    assert files
    found = {
        path.as_posix(): names
        for path in files
        if (names := trespasses((ROOT / path).read_text(encoding="utf-8"), path.parts[3]))
    }
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import os.path",
        "from os import urandom",
        "def f():\n    import socket",
        "def f():\n    if x:\n        from time import time",
        "import importlib",
        "__import__('os')",
        "exec('import os')",
        "open('/etc/passwd')",
        "from satchel import node",
        "from satchel.node.clock import Clock",
        "from satchel import ports",
        "import satchel.corentin",
        "from . import codec",
        "import blake3",
        "from cbor2 import loads",
        "X25519PrivateKey.generate()",
    ],
)
def test_the_list_stops(source: str) -> None:
    assert trespasses(source, "crypto")


@pytest.mark.parametrize(
    "source",
    [
        "from collections.abc import Sequence",
        "from cryptography.hazmat.primitives import hashes",
        "from satchel.core.wire import decode",
        "from satchel.errors import PeerError",
        "from satchel import errors",
    ],
)
def test_the_list_lets_pass(source: str) -> None:
    assert not trespasses(source, "crypto")


def test_the_program_needs_exactly_the_libraries_it_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[^\w.-]", requirement)[0] for requirement in project["dependencies"]}
    named = {MODULE_OF.get(name, name) for name in named}
    imported = {
        module.partition(".")[0]
        for path in python_files("src/")
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        for module in modules(node)
    }
    assert imported - sys.stdlib_module_names - {"satchel"} == named


def modules(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []

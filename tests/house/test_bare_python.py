"""dev.py runs where there is nothing yet: the standard library, and no more."""

import ast
import re
import subprocess
import sys

from arch.tree import ROOT, python_files


def test_dev_py_needs_only_the_standard_library() -> None:
    files = python_files("dev.py", "workshop/")
    assert len(files) > 1
    allowed = sys.stdlib_module_names | {"workshop"}
    for path in files:
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.partition(".")[0] not in allowed], path


def test_help_and_contributing_name_the_same_verbs() -> None:
    command = [sys.executable, "-S", str(ROOT / "dev.py"), "--help"]  # -S: no installed packages
    page = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    verbs = re.findall(r"^    (\w+)\s", page, re.MULTILINE)
    assert {"setup", "check", "test", "demo"} <= set(verbs)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert not [verb for verb in verbs if f"python3 dev.py {verb}" not in text]

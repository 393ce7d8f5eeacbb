"""The environment in `.dev/`: made once, found again in milliseconds, made anew when it is stale.

Fetches from the package index that the caller has configured and from Debian's mirror; writes nothing outside
`.dev/` but the files of other projects (foreign.py), and never installs into the system's Python (PEP 668).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from workshop.foreign import bring, is_brought
from workshop.packages import apt_install
from workshop.running import DEV, PYTHON, ROOT, VENV, Stopped, run_quietly, say

UV_REQUIREMENT = "uv==0.13.9"  # exact: another one may want another revision of uv.lock
TOOL = DEV / "tool"  # a venv that holds uv and nothing else
STAMP = DEV / "stamp.json"
# Inside a venv sys.executable is the venv's; what the environment is made of is the one behind it.
BASE_PYTHON = str(getattr(sys, "_base_executable", None) or sys.executable)


def set_up() -> None:
    """Make `.dev/`, or find in a few milliseconds that it is as uv.lock wants it."""
    wanted = fingerprint()
    if read_stamp() == wanted and PYTHON.exists() and is_brought():
        return
    with alone():
        require_system_packages()
        bring()
        found = read_stamp()
        if found == wanted and PYTHON.exists():
            return
        STAMP.unlink(missing_ok=True)
        for beside in DEV.glob("plain-*"):
            shutil.rmtree(beside, ignore_errors=True)
        if found is None or {**found, "lock": ""} != {**wanted, "lock": ""}:
            # Moved checkout or another Python: a venv holds absolute paths, so it is made anew.
            shutil.rmtree(TOOL, ignore_errors=True)
            if found is not None:
                shutil.rmtree(VENV, ignore_errors=True)
        make_tool_venv()
        install_locked()
        STAMP.write_text(json.dumps(wanted), encoding="utf-8")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two terminals: the second one waits, then finds it done."""
    try:
        DEV.mkdir(parents=True, exist_ok=True)
        lock = open(DEV / "lock", "w", encoding="ascii")  # noqa: SIM115 - closed below
    except OSError as problem:
        raise Stopped(
            f"{DEV} cannot be written ({problem.strerror}). Nothing was changed. Run this as the owner "
            "of the checkout, or delete .dev/ first if another user made it."
        ) from problem
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_group(group: str, *, module: str) -> None:
    """Add one more dependency group of uv.lock, if it is not there; the next change of uv.lock takes it
    away again. Raises Stopped where `module`, which it is for, has no ready build for this machine."""
    with alone():
        if has_module(module):
            return
        say(f"installing the group {group} of uv.lock")
        uv, environment = str(TOOL / "bin" / "uv"), uv_environment()
        if private_index() is None:
            # --inexact: what was added for another verb stays.
            sync = [
                uv,
                "sync",
                "--locked",
                "--inexact",
                "--quiet",
                "--group",
                group,
                "--directory",
                str(ROOT),
            ]
            result = run_quietly(sync, environment)
        else:
            result = run_steps(steps_from_private_index(uv, "--only-group", group), environment)
        if result.returncode != 0:
            raise Stopped(no_packages(result.stdout))
        if not has_module(module):
            raise Stopped(
                f"There is no ready build of {module} for Python {platform.python_version()} on "
                f"{platform.machine()}. Nothing outside of {DEV} was changed. Run this where uv.lock names "
                "one; all else works here."
            )


def install_beside(group: str) -> None:
    """Put what a dependency group of uv.lock names into a folder `.dev/GROUP`, out of the environment's way.

    Raises Stopped.
    """
    folder, requirements = DEV / group, str(DEV / f"{group}.txt")
    with alone():
        if folder.exists():
            return
        say(f"installing the group {group} of uv.lock into {folder}")
        uv = str(TOOL / "bin" / "uv")
        export = [uv, "export", "--quiet", "--frozen", "--no-emit-project", "--directory", str(ROOT)]
        part = DEV / f"{group}.part"
        shutil.rmtree(part, ignore_errors=True)
        result = run_steps(
            [
                [*export, "--only-group", group, "--output-file", requirements],
                [*pip_into_venv(), "--target", str(part), "--require-hashes", "-r", requirements],
            ],
            uv_environment(),
        )
        if result.returncode != 0:
            raise Stopped(no_packages(result.stdout))
        part.rename(folder)


def has_module(module: str) -> bool:
    return run_quietly([str(PYTHON), "-c", f"import {module}"], os.environ).returncode == 0


def fingerprint() -> dict[str, str]:
    """All that makes an environment stale when it changes."""
    digest = hashlib.sha256()
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return {
        "lock": digest.hexdigest(),
        "checkout": str(ROOT),
        "environment": str(DEV),
        "python": f"{os.path.realpath(BASE_PYTHON)} {sys.version}",
        "uv": UV_REQUIREMENT,
    }


def read_stamp() -> dict[str, str] | None:
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stamp


def require_system_packages() -> None:
    packages = []
    if not can_make_venv():
        packages.append("python3-venv")
    if not has_certificates():
        packages.append("ca-certificates")
    if packages:
        apt_install(packages, why="to make a Python environment and to fetch packages over TLS")
    if not can_make_venv():
        raise Stopped(
            f"{BASE_PYTHON} cannot make virtual environments: it has no ensurepip. Nothing was "
            "changed. Run dev.py with a Python that has it, for example Debian's /usr/bin/python3."
        )


def can_make_venv() -> bool:
    # A new process, since this one would not see a package that was installed meanwhile.
    answer = subprocess.run([BASE_PYTHON, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return answer.returncode == 0


def has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    bundles = [paths.cafile, "/etc/ssl/certs/ca-certificates.crt"]
    if any(bundle and os.path.exists(bundle) for bundle in bundles):
        return True
    return bool(paths.capath) and any(Path(str(paths.capath)).glob("*.0"))


def make_tool_venv() -> None:
    if (TOOL / "bin" / "uv").exists():
        return
    say(f"making {DEV}")
    shutil.rmtree(TOOL, ignore_errors=True)
    result = run_quietly([BASE_PYTHON, "-m", "venv", str(TOOL)], os.environ)
    if result.returncode == 0:
        pip = [str(TOOL / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        result = run_quietly([*pip, UV_REQUIREMENT], index_environment())
    if result.returncode != 0:
        shutil.rmtree(TOOL, ignore_errors=True)
        raise Stopped(no_packages(result.stdout))


def install_locked() -> None:
    say("installing what uv.lock names")
    uv, environment = str(TOOL / "bin" / "uv"), uv_environment()
    if private_index() is None:
        result = run_quietly([uv, "sync", "--locked", "--quiet", "--directory", str(ROOT)], environment)
    else:
        steps = [
            [uv, "venv", "--quiet", "--clear", str(VENV)],
            *steps_from_private_index(uv),
            [*pip_into_venv(), "--no-deps", "--editable", str(ROOT)],
        ]
        result = run_steps(steps, environment)
    if result.returncode != 0:
        raise Stopped(no_packages(result.stdout))


def uv_environment() -> dict[str, str]:
    environment = {
        **os.environ,
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON": BASE_PYTHON,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_SYSTEM_CERTS": "1",  # certificates of a company or school are in the system's store only
    }
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"):
        environment.pop(name, None)
    return environment


def steps_from_private_index(uv: str, *which: str) -> list[list[str]]:
    """The versions and hashes of uv.lock, fetched by pip from where the caller's configuration says.

    uv would refuse: its lock file names PyPI's addresses, and it does not read pip.conf.
    """
    requirements = str(DEV / "requirements.txt")
    export = [uv, "export", "--quiet", "--frozen", "--no-emit-project", "--directory", str(ROOT), *which]
    return [
        [*export, "--format", "requirements.txt", "--output-file", requirements],
        [*pip_into_venv(), "--require-hashes", "-r", requirements],
    ]


def pip_into_venv() -> list[str]:
    return [str(TOOL / "bin" / "python"), "-m", "pip", "--python", str(PYTHON), "install", "--quiet"]


def run_steps(
    steps: Sequence[Sequence[str]], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Up to the first that fails."""
    for step in steps:
        result = run_quietly(step, {**environment, **index_environment()})
        if result.returncode != 0:
            break
    return result


def private_index() -> str | None:
    """The caller's own package index, if there is one: uv's variables first, then all that pip knows."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name]
    pip = [str(TOOL / "bin" / "python"), "-m", "pip", "config", "list"]
    answer = subprocess.run(pip, capture_output=True, text=True, check=False)
    for line in answer.stdout.splitlines():
        key, _, value = line.partition("=")
        value = value.strip("'\"")
        if key.endswith(".no-index") and value.lower() in ("1", "true", "yes", "on"):
            return "no index"
        if key.endswith(".index-url") and urlsplit(value).hostname != locked_index_host():
            return value
    return None


def locked_index_host() -> str | None:
    found = re.search(r'registry = "([^"]+)"', (ROOT / "uv.lock").read_text(encoding="utf-8"))
    return urlsplit(found[1]).hostname if found else None


def index_environment() -> dict[str, str]:
    environment = dict(os.environ)
    index = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL")
    if index:
        environment.setdefault("PIP_INDEX_URL", index)
    return environment


def no_packages(output: str) -> str:
    return (
        f"{output}\nThe Python packages could not be fetched (above is what the installer says). Nothing "
        f"outside {DEV} was changed. Set-up is the one step that needs a network: connect, or set "
        "PIP_INDEX_URL to a mirror that you can reach, and run this again."
    )

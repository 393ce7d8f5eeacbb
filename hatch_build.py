"""Puts the files of other projects into what is built: wheel, source package, editable install.

Called by hatchling, on the machine of whoever installs Satchel from a checkout. Without these files, or with
other ones than foreign.lock.json names, nothing is built.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

from workshop.foreign import bring
from workshop.running import Stopped


class ForeignFiles(BuildHookInterface[Any]):
    """See the module."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        try:
            bring()
        except Stopped as reason:
            self.app.abort(str(reason))

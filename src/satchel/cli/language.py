"""In which language the words of a pairing are shown on this screen."""

import sys
from collections.abc import Mapping

from satchel.core.identity.comparison import Language

_NOT_ON_A_CONSOLE = frozenset({Language.ARABIC, Language.PERSIAN, Language.CHINESE})


def own_language(environment: Mapping[str, str]) -> Language:
    """Of the locale, where there are words of it and the screen can show them; else English."""
    chosen = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    known = {language.value: language for language in Language}
    language = known.get(chosen[:2].lower() if chosen[2:3] in ("", "_", ".", "@") else "", Language.ENGLISH)
    can_show = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    is_console = environment.get("TERM") == "linux"  # 512 characters at a time, none of these
    if not can_show or (is_console and language in _NOT_ON_A_CONSOLE):
        return Language.ENGLISH
    return language

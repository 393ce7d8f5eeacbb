"""What the owner's page says, collected out of its pages, and put into the catalogue of each language.

Run by dev.py with the environment's Python: it needs Babel.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from arch.tree import ROOT
from satchel.web.owner.reworded import ON_THE_PAGE
from satchel.web.owner.speech import TOLD
from web.sentences import told

WEB = ROOT / "src" / "satchel" / "web"
PAGE = WEB / "owner"
BESIDE = ("guests", "reading")  # other pages, with words from the same catalogues
WORDS = PAGE / "words"
LANGUAGES = ("fr", "es", "ar", "fa", "zh")
_BEGUN = datetime(2026, 11, 28, tzinfo=UTC)  # a header that changed each time would say nothing
_METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
_OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}}


def extract() -> Catalog:
    """All messages of the page, in their order there; then what it is told by the rest of Satchel."""
    found = _empty(None)
    messages = extract_from_dir(
        str(PAGE), method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS, comment_tags=("Words:",)
    )
    for file, _, message, comments, _ in sorted(messages, key=lambda one: (one[0], one[1])):
        found.add(message, None, [(file, 1)], auto_comments=comments)
    for part in BESIDE:
        messages = extract_from_dir(
            str(WEB / part), method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS, comment_tags=()
        )
        for file, _, message, _, _ in sorted(messages, key=lambda one: (one[0], one[1])):
            found.add(message, None, [(f"{part}/{file}", 1)])
    for sentence, modules in told().items():
        if sentence in ON_THE_PAGE:
            continue  # what is said instead is among the messages of the page
        found.add(sentence, None, [(f"{module}.py", 1) for module in sorted(modules)], context=TOLD)
    return found


def written(language: str) -> Catalog:
    """The catalogue of one language, as it is in the checkout; an empty one where there is none."""
    path = WORDS / f"{language}.po"
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _empty(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        header_comment="# What Satchel's page says. Licence: GPL-3.0-or-later.",
        project="satchel",
        version="1",
        msgid_bugs_address="-",
        creation_date=_BEGUN,
        revision_date=_BEGUN,
        last_translator="-",
        language_team="-",
        charset="utf-8",
        fuzzy=False,
    )


def main() -> int:
    """Bring every catalogue up to date; say what is still to be translated."""
    template = extract()
    missing = 0
    for language in LANGUAGES:
        catalogue = written(language)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with (WORDS / f"{language}.po").open("wb") as file:
            write_po(file, catalogue, width=100, omit_header=False, include_lineno=False)
        left = [message.id for message in catalogue if message.id and not all_said(message.string)]
        missing += len(left)
        print(f"{language}: {len(catalogue)} messages, {len(left)} to translate", flush=True)
    return 1 if missing else 0


def all_said(string: str | tuple[str, ...] | list[str] | None) -> bool:
    """Whether nothing of it is left to translate."""
    return all(string) if isinstance(string, tuple | list) else bool(string)


if __name__ == "__main__":
    sys.exit(main())

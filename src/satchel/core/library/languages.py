"""Tags of languages, in the one spelling that is kept: RFC 5646 (BCP 47), 2.1 and 2.1.1.

Well-formed, not valid: no list of languages is needed, and none is ever too old. Spec: library.md, 5.5.
"""

import re

TAG_CHARACTERS_MAX = 35  # RFC 5646, 4.4.1
_PRIVATE = r"x(?:-[a-z0-9]{1,8})+"
_WELL_FORMED = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"  # language, with extended ones
    r"(?:-[a-z]{4})?"  # script
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"  # region
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"  # variants
    r"(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*"  # extensions
    rf"(?:-{_PRIVATE})?|{_PRIVATE}"
)


def canonical_tag(tag: str) -> str | None:
    """The tag as it is kept; None: it is not one of a language, or longer than 35 characters.

    The irregular tags of before 2006 (RFC 5646, 2.2.8), such as i-klingon, count as none.
    """
    lower = tag.lower()
    if not tag.isascii() or len(tag) > TAG_CHARACTERS_MAX or not _WELL_FORMED.fullmatch(lower):
        return None
    first, *rest = lower.split("-")
    spelled = [first]
    for subtag in rest:
        if any(len(before) == 1 for before in spelled):  # behind a singleton all is small
            spelled.append(subtag)
        else:
            spelled.append({2: subtag.upper(), 4: subtag.title()}.get(len(subtag), subtag))
    return "-".join(spelled)

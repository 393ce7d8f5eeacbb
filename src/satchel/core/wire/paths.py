"""The rule for names that come from a peer (M4): which ones exist at all. Spec: handover.md, 3.1.

Names are bytes and arrive as they are; nothing is cleaned, mapped or guessed. What could step out of
the chosen folder is refused whole. Opening and writing happen in store/, which asks this rule again.
"""

COMPONENT_BYTES_MAX = 255  # what Linux file systems take
PATH_COMPONENTS_MAX = 100
PATH_BYTES_MAX = 4096
STAGING_PREFIX = b".satchel-"  # unfinished files live in a folder of this name


def refusal(path: tuple[bytes, ...]) -> str | None:
    """Why a path of components may not be used, or None when it may."""
    if not 1 <= len(path) <= PATH_COMPONENTS_MAX:
        return f"a path has 1 to {PATH_COMPONENTS_MAX} components, this one {len(path)}"
    whole = b"/".join(path)  # looked at as one, not name by name: an offer has up to 200,000 of them
    if len(whole) >= PATH_BYTES_MAX:  # one byte more for each name is one more than the slashes in between
        return f"a path is at most {PATH_BYTES_MAX} bytes long"
    if b"" in path or max(map(len, path)) > COMPONENT_BYTES_MAX:
        return f"a name is 1 to {COMPONENT_BYTES_MAX} bytes long"
    if b"." in path or b".." in path:
        return "a name is never . or .."
    if whole.count(b"/") >= len(path) or b"\0" in whole:
        return "a name has no slash and no NUL"
    if whole.startswith(STAGING_PREFIX):
        return "a name at the top never starts with .satchel-"
    return None

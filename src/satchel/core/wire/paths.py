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
    if sum(map(len, path)) + len(path) > PATH_BYTES_MAX:
        return f"a path is at most {PATH_BYTES_MAX} bytes long"
    for component in path:
        if not 1 <= len(component) <= COMPONENT_BYTES_MAX:
            return f"a name is 1 to {COMPONENT_BYTES_MAX} bytes long, this one {len(component)}"
        if component in (b".", b".."):
            return "a name is never . or .."
        if b"/" in component or b"\0" in component:
            return "a name has no slash and no NUL"
    if path[0].startswith(STAGING_PREFIX):
        return "a name at the top never starts with .satchel-"
    return None

"""axe-core on a page, in a world of its own: no script tag, so the page's policy holds and is not seen to.

Looks at the page itself, not into frames of it.
"""

import functools
import json
from typing import TYPE_CHECKING, Any

from workshop.browsers import MODULES

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

GRAVE = ("serious", "critical")
WORLD = "axe"
# WCAG 2.2 AA and what is below it, and the rules that are no criterion but good custom.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}


@functools.cache
def _source() -> str:
    return (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def accessible(page: "Page") -> list[str]:
    """Fail where axe-core finds something serious or critical; the lesser findings, one line each.

    Raises:
        AssertionError: what was found, what it is about, and where.
    """
    found = examine(page)
    grave = [_told(violation) for violation in found["violations"] if violation["impact"] in GRAVE]
    assert not grave, "\n".join(grave)
    return [_told(violation) for violation in found["violations"]]


def examine(page: "Page") -> Any:
    """What axe-core says of the page, as it says it: a dictionary with "violations" and more."""
    session = page.context.new_cdp_session(page)
    try:
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": WORLD})
        context = world["executionContextId"]
        _evaluate(session, context, f"{_source()}; undefined")
        return json.loads(_evaluate(session, context, f"axe.run({json.dumps(OPTIONS)}).then(JSON.stringify)"))
    finally:
        session.detach()


def _evaluate(session: "CDPSession", context: int, expression: str) -> Any:
    answer = session.send(
        "Runtime.evaluate",
        {"expression": expression, "contextId": context, "awaitPromise": True, "returnByValue": True},
    )
    if "exceptionDetails" in answer:
        raise RuntimeError(f"axe-core failed: {answer['exceptionDetails']}")
    return answer["result"].get("value")


def _told(violation: dict[str, Any]) -> str:
    places = ", ".join(str(node["target"]) for node in violation["nodes"][:5])
    return f"{violation['impact']}: {violation['id']} ({violation['help']}) at {places}"

"""Letters in every state in which a page shows them."""

from typing import Any

from satchel.web.owner.correspondence import Answered, File, Shown


def letters_of(text: str, name: str) -> list[Shown]:
    """`text`, `name`: of each, and of its files."""
    moment_s = 1_790_000_000
    states: list[dict[str, Any]] = [
        {"state": "kept", "expires_s": None},
        {"state": "under_way", "expires_s": None},
        {"state": "under_way", "expires_s": moment_s},
        {"state": "under_way", "expires_s": moment_s, "carriers": 1_234},
        {"state": "delivered", "expires_s": moment_s},
        {"state": "expired", "expires_s": moment_s},
    ]
    files = tuple(File(name=name, size_bytes=5_000, is_here=is_here) for is_here in (True, False))
    theirs: list[dict[str, Any]] = [
        {"files": files, "is_cut": True, "answers": Answered(handle="0c", first_words=text)},
        {"text": None, "written_s": None, "answers": Answered(handle="0d", first_words="")},
    ]
    of_all: dict[str, Any] = {"text": text, "is_cut": False, "written_s": moment_s, "files": ()}
    of_all |= {"answers": None}
    return [
        Shown(**{**of_all, "id": f"{number}", "handle": f"{number}", "is_own": "state" in one, **one})
        for number, one in enumerate([*theirs, *states])
    ]

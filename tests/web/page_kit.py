"""Every page of the owner in every state that it can show, filled with made-up fields."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from satchel.node.events import Loss
from satchel.web.owner.correspondence import LIFETIMES_DAYS
from satchel.web.owner.errands import Added, Amount, Errand, Item, Kind, Problem, State
from satchel.web.owner.movements import Movement
from satchel.web.owner.moving import Row
from satchel.web.owner.unsent import Bunch
from satchel.web.owner.wrote import Written
from web.letter_states import letters_of
from web.library_states import library_pages
from web.seen import Seen
from web.states import Page, Said

INTO = "Downloads"
OFFERED = "apple river stone cloud pear"
CARRIED = {"bundles_in": 12, "damaged": 12, "failed": 100, "bundles_out": 12, "left_out": 12}
CARRIED |= {"bytes": 2_345_678, "full": True, "own_letters": 12}
STATES = ("waits", "accepted", "declined", "cannot_be_read")


def pages(said: Said) -> list[Page]:
    parts: list[Callable[[Said], list[Page]]] = [
        _before,
        _around,
        _people,
        _errands,
        _waiting,
        _care,
        _settings,
        _keeping,
        _history,
        _letters,
        library_pages,
    ]
    return [page for part in parts for page in part(said)]


def _before(said: Said) -> list[Page]:
    problem = Problem(what=said.text, safe="Nothing was changed.", do="Type it again.")
    return [
        Page("welcome.html", "first start", {"offered": OFFERED, "which": "offered"}),
        Page("welcome.html", "too short", {"offered": OFFERED, "which": "own", "problem": problem}),
        Page("unlock.html", "locked"),
        Page("unlock.html", "wrong passphrase", {"problem": problem}),
        Page("begun.html", "with a passphrase", {"has_passphrase": True}),
        Page("begun.html", "without", {"has_passphrase": False}),
        Page("refused.html", "refused", {"problem": problem}),
        Page("failed.html", "failed", {"problem": problem}),
        Page("ended.html", "locked", {"has_passphrase": True}),
        Page("ended.html", "ended", {"has_passphrase": False}),
        Page("wiped.html", "wiped"),
    ]


def _around(said: Said) -> list[Page]:
    states: list[dict[str, Any]] = [
        {"is_lost": True},
        {"is_done": True},
        {"is_declined": True},
        {"is_lost": True},
        {"problem": Problem(what=said.text)},
    ]
    moving = [
        Movement(
            contact=said.name,
            is_verified=giving,
            is_giving=giving,
            handover=f"{number}",
            names=(said.path,) * 4,
            amount=_amount() if number else Amount(),
            **state,
        )
        for giving in (True, False)
        for number, state in enumerate(states)
    ]
    queued, coming = _queued(said), _unfinished(said, "in", contact=said.name)
    rows = [
        Row(f"{number}", movement, {**coming, **queued[1]} if movement.is_giving else coming)
        if movement.is_lost
        else Row(f"{number}", movement, None)
        for number, movement in enumerate(moving)
    ]
    errands = [Errand(id="1", kind=kind, contact=said.name) for kind in Kind]
    errands.append(Errand(id="2", kind=Kind.SHOW, contact=said.name, asks="words"))
    full: dict[str, Any] = {
        "near": [_person(said, verified=True), _person(said, verified=False)],
        "asked": [{"contact": said.name, "handle": "0a", "verified": False}],
        "wrote": [
            (_person(said, verified=True), Written(letters=12)),
            ({**_person(said, verified=False), "handle": "0b"}, Written(letters=1, unreadable=1)),
        ],
        "has_contacts": True,
        "errands": errands,
        "moving": rows,
        "queued": queued[:1],
        "states": dict(zip(STATES, STATES, strict=True)),
        "broken_off": _broken_off(said),
        "copies": [Problem(what=said.text, safe="Nothing was lost here.", do=said.text)],
        "has_passphrase": False,
    }
    empty: dict[str, Any] = {
        "near": [],
        "asked": [],
        "wrote": [],
        "has_contacts": False,
        "errands": [],
        "moving": [],
    }
    empty |= {"queued": [], "states": {}, "broken_off": {}, "copies": [], "has_passphrase": True}
    return [
        Page("around.html", "full", {**full, "asks": 2}),
        Page("around.html", "nobody", empty),
        Page("around.html", "away", {**empty, "has_contacts": True}),
    ]


def _people(said: Said) -> list[Page]:
    people = [
        _person(said, verified=verified, near=near) for verified in (True, False) for near in (True, False)
    ]
    return [
        Page("people.html", "some", {"remembers": True, "people": people}),
        Page("people.html", "none", {"remembers": True, "people": []}),
        *(Page("person.html", "one", {"person": person}) for person in people),
        Page("give.html", "give", {}),
        Page("take.html", "take", {"into": said.path}),
        Page("pair.html", "pair", {"reads_pictures": True}),
        Page("pair.html", "no reader", {"reads_pictures": False}),
    ]


def _errands(said: Said) -> list[Page]:
    code: dict[str, Any] = {"code": "482 apple river stone", "addresses": ["192.168.1.7:4821"]}
    words: dict[str, Any] = {"asks": "words", "words": ["苹果", "白云"], "words_language": "zh"}
    troubled: dict[str, Any] = {
        "notices": [Problem(what=said.text, do="Wait.")],
        "problem": Problem(what=said.text, safe=said.text),
        "failed": [(said.path, said.text)],
        "left_out": [(said.path, said.text)],
        "texts": [said.text],
    }
    placed: dict[str, Any] = {"placed": [said.path] * 25, "placed_count": 1_021, "texts": [said.text]}
    states: list[tuple[Kind, dict[str, Any]]] = [
        (Kind.GIVE, {**code, "guesses": 2, "guesses_of": 10}),
        (Kind.SHOW, {**code, "picture": "SATCHEL:1", "takers": 2}),
        (Kind.TAKE, {"asks": "offer", "items": _offer(said), "free_bytes": 1_234_567}),
        (Kind.ANSWER, {"asks": "text"}),
        (Kind.SCAN, words),
        (Kind.VERIFY, {**words, "words_language": None}),
        (Kind.SCAN, {"asks": "name", "asked_for": said.name}),
        (Kind.SCAN, {"asks": "name"}),
        (Kind.SCAN, {"asks": "replace"}),
        (Kind.SCAN, {"asks": "forget"}),
        (Kind.MEET, {}),
        (Kind.GIVE_ON, {}),
        (Kind.ANSWER, {"is_taken": True, "amounts": {"0a": _amount()}}),
        (Kind.TAKE, {"is_ended_here": True, "problem": Problem(what=said.text), "state": State.FAILED}),
        (Kind.TAKE, {"lost": Loss.PAUSED.value, "amounts": {0: _amount()}}),
        (Kind.TAKE, {"lost": "gone", "amounts": {0: _amount()}}),
        (Kind.GIVE, {**troubled, "state": State.FAILED}),
        (Kind.TAKE, {**placed, "state": State.DONE}),
        (Kind.TAKE_ON, {**placed, "state": State.DONE}),
        (Kind.GIVE, {"state": State.DONE}),
        (Kind.MEET, {"state": State.DONE}),
        (Kind.SHOW, {"state": State.DONE, "verified": True}),
        (Kind.SHOW, {"state": State.DONE}),
        (Kind.CARRY, {"carried_bytes": 2_345_678}),
        (Kind.CARRY, {"carried": CARRIED, "state": State.FAILED}),
        (Kind.CARRY, {"carried": {"bundles_in": 1}, "state": State.DONE}),
        *_of_books(said),
    ]
    return [
        Page(
            "errand.html",
            f"{kind.name}, {state.get('asks') or state.get('state', State.RUNNING).value}",
            {
                "errand": Errand(
                    id="1",
                    kind=kind,
                    contact=None if "code" in state else said.name,
                    into=said.path,
                    **state,
                ),
                "again": "/take" if kind is Kind.TAKE else None,
                "handle": "0a1b2c3d4e5f6071",
                "broken_off": _broken_off(said) if kind is Kind.GIVE and "state" in state else {},
                "coming": _unfinished(said, "in", contact=said.name) if "amounts" in state else None,
            },
        )
        for kind, state in states
    ]


def _of_books(said: Said) -> list[tuple[Kind, dict[str, Any]]]:
    one: dict[str, Any] = {"amounts": {None: _amount()}, "left_out": [(said.path, said.text)]}
    return [
        (Kind.ADD, {"added": _added(said), **one}),
        (Kind.ADD, {"added": _added(said), "state": State.DONE}),
        (Kind.GET, {"placed": [said.path], "placed_count": 1, "state": State.DONE}),
        (Kind.GET, {"failed": [(said.path, said.text)], "state": State.FAILED}),
    ]


def _added(said: Said) -> Added:
    aside = [(said.path, said.text, said.text)] * 2
    return Added(new=12, known=12, aside_count=100, aside=aside)


def _offer(said: Said) -> list[Item]:
    return [
        Item(number=1, name=said.path, size_bytes=1_500, files=1, is_folder=False),
        Item(number=2, name=said.path, size_bytes=0, files=0, is_folder=True),
        Item(number=3, name=said.path, size_bytes=1 << 40, files=12_345, is_folder=True),
    ]


def _unfinished(said: Said, direction: str, *, contact: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"id": "0a" * 16, "handover": "0a", "direction": direction, "contact": contact}
    return told | {"verified": False, "names": [said.path] * 2, "more": 1, "files": 12, "bytes": 2_345_678}


def _broken_off(said: Said) -> dict[str, list[dict[str, Any]]]:
    return {
        direction: [{**_unfinished(said, direction), "id": f"{direction}{number}"} for number in range(2)]
        for direction in ("in", "out")
    }


def _queued(said: Said) -> list[dict[str, Any]]:
    queued = [
        {"contact": said.name, "verified": more > 0, "state": state, "names": [said.path] * 2, "more": more}
        for more, state in enumerate(STATES)
    ]
    for number, one in enumerate(queued):
        one.update(id=str(number), text=number == 1)
    return queued


def _waiting(said: Said) -> list[Page]:
    queued = _queued(said)
    unsent = [
        Bunch(group="0a" * 16, tops=dict.fromkeys([said.path]), have_bytes=1_000, size_bytes=2_345_678),
        Bunch(group="0b" * 16, tops=dict.fromkeys([said.path, "b", "c", "d"])),
    ]
    states = dict(zip(STATES, STATES, strict=True))
    return [
        Page(
            "waiting.html",
            "some",
            {
                "asks": 12_300,
                "queued": queued,
                "coming": [_unfinished(said, "in", contact=said.name)],
                "states": states,
                "unsent": unsent,
                "more_unsent": 1,
                "sticks": [f"/media/{said.path}"] * 2,
                "broken_off": _broken_off(said),
            },
        ),
        Page(
            "waiting.html",
            "nothing",
            {
                "queued": [],
                "coming": [],
                "states": states,
                "unsent": [],
                "more_unsent": 0,
                "sticks": [],
                "broken_off": {},
            },
        ),
    ]


def _care(said: Said) -> list[Page]:
    usual: dict[str, Any] = {"mode": "open", "addresses": ["192.168.1.7:4821"], "has_passphrase": True}
    usual |= {"findings": None, "problem": None, "wiping": False}
    usual["carried"] = {"others": 2_345_678, "own": 12_345, "room": 500_000_000}
    findings: list[dict[str, str | None]] = [{"what": said.text, "safe": "", "do": "", "command": None}]
    findings.append({"what": said.text, "safe": said.text, "do": said.text, "command": said.text})
    other: dict[str, Any] = {"mode": "quiet", "addresses": [], "has_passphrase": False, "wiping": True}
    return [
        Page("care.html", "usual", usual),
        Page("care.html", "looked", {**usual, "findings": findings}),
        Page("care.html", "other", {**usual, **other, "findings": [], "problem": Problem(what=said.text)}),
    ]


def _settings(said: Said) -> list[Page]:
    names, rooms = ("language", "quiet", "accept", "into", "history", "carry"), [70_000_000, 500_000_000]
    stored = dict(zip(names, (None, "off", "ask", None, "off", "500000000"), strict=True))
    running = {"quiet": False, "accept": "ask", "takes": True, "into": said.path, "into_by_code": said.path}
    other = dict(zip(names, ("fr", "on", "verified", said.path, "on", "70000000"), strict=True))
    problem = Problem(what=said.text, safe="Nothing was changed.", do="Type it again.")
    field: dict[str, Any] = {"folder": said.path, "typed": "", "rooms": rooms}
    looks = {**running, "into_by_code": said.path + "2"}
    first: dict[str, Any] = {"stored": stored, "running": running, "folder": "", "typed": "", "rooms": rooms}
    return [
        Page("settings.html", "at first", first),
        Page("settings.html", "started otherwise", {"stored": other, "running": running, **field}),
        Page(
            "settings.html",
            "another folder",
            {"stored": other, "running": looks, **field, "typed": said.text, "problem": problem},
        ),
        Page(
            "settings.html",
            "taking nothing",
            {"stored": other, "running": {**running, "takes": False}, **field},
        ),
    ]


def _keeping(said: Said) -> list[Page]:
    problem = Problem(what=said.text, safe="Nothing was changed.", do="Type it again.")
    usual: dict[str, Any] = {"has_passphrase": True, "offered": OFFERED, "which": "offered"}
    usual |= {"folder": said.path, "is_done": False, "made": None}
    return [
        Page("passphrase.html", "change", usual),
        Page("passphrase.html", "set", {**usual, "has_passphrase": False, "problem": problem}),
        Page("passphrase.html", "done", {**usual, "is_done": True}),
        Page("backup.html", "begin", usual),
        Page("backup.html", "with a passphrase", {**usual, "has_passphrase": False, "problem": problem}),
        Page("backup.html", "made", {**usual, "made": said.path}),
    ]


def _history(said: Said) -> list[Page]:
    kept = [
        {
            "contact": said.name if number % 3 else None,
            "verified": number == 2,
            "giving": number > 1,
            "when_s": 1_790_000_000 + 3_600 * number if number else None,
            "names": [said.path] * number,
            "files": number,
            "bytes": 2_345_678 * number,
            "text": number != 1,
        }
        for number in range(4)
    ]
    return [
        Page("history.html", "some", {"is_on": True, "kept": kept, "older": 1}),
        Page("history.html", "nothing", {"is_on": True, "kept": [], "older": None}),
        Page("history.html", "off", {"is_on": False, "kept": [], "older": None}),
    ]


def _letters(said: Said) -> list[Page]:
    person = _person(said, verified=True)
    usual: dict[str, Any] = {"person": person, "page": 0, "older": None, "answers": None, "written": ""}
    usual |= {"expires": 28, "lifetimes": LIFETIMES_DAYS, "unreadable": 0}
    shown = letters_of(said.text, said.path)
    typed = {"written": said.text, "expires": 3, "problem": Problem(what=said.text, safe="Nothing was sent.")}
    bare = replace(shown[0], text="", files=())
    return [
        Page("letters.html", "none", {**usual, "person": _person(said, verified=False), "letters": []}),
        Page("letters.html", "all states", {**usual, "letters": shown, "older": 1, "unreadable": 12}),
        Page("letters.html", "older", {**usual, "letters": shown[:2], "page": 1}),
        Page("letters.html", "an answer", {**usual, "letters": shown[:1], "answers": shown[0]}),
        Page("letters.html", "refused", {**usual, **typed, "letters": shown[:1], "answers": bare}),
        *(Page("letter.html", "one", {"person": person, "one": one}) for one in shown[:3]),
    ]


def _person(said: Said, *, verified: bool, near: bool = True) -> dict[str, Any]:
    taking = "accept" if verified else "ask" if near else "refuse"
    return {
        "contact": said.name,
        "handle": "0a1b2c3d4e5f6071",
        "verified": verified,
        "taking": taking,
        "is_near": near,
    }


def _amount() -> Amount:
    return Amount(bytes_done=1_000, bytes_of=2_345_678, files_done=1, files_of=2)


@cache
def usual_pages(code: str) -> list[tuple[Page, Seen]]:
    """Rendered and read once for all tests."""
    return [(page, Seen(page.shown(code))) for page in pages(Said())]

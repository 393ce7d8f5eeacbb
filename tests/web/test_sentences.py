"""The list of what the page may be told is read out of the source: all of it, and nothing that is not for a
person (page 5.4)."""

import ast

import pytest

from web.reading import Unreadable
from web.sentences import Sentences, told
from web.source_code import Module, Tree

ERRORS = """
class SatchelError(Exception):
    def __init__(self, what, *, safe="", do=""): ...
class MisuseError(SatchelError): ...
class PeerError(SatchelError):
    def __init__(self, what, *, safe="Nothing is lost.", do="Try again."): ...
class Special(MisuseError): ...
"""


def read(source: str, **others: str) -> set[str]:
    """What a module of this source may tell."""
    modules = {}
    for name, text in {"errors": ERRORS, "a": source, **others}.items():
        modules[name] = Module(name, ast.parse(text))
        modules[name].read()
    return set(Sentences(Tree(modules)).all()) - {"Nothing is lost.", "Try again."}


def test_each_part_of_an_error_is_read() -> None:
    assert read('raise MisuseError("It broke.", safe="All is safe.", do="Mend it.")') == {
        "It broke.",
        "All is safe.",
        "Mend it.",
    }


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Special("It broke.", do="")', {"It broke."}),
        ('x = Finding(what="It broke.", safe="", do="", name="not this one")', {"It broke."}),
        ('show.line("failed", path=path, why="it is gone")', {"it is gone"}),
        ('show.line("lost", why=loss.value)', set()),
        ('raise MisuseError(f"No {path!r} here.", do="")', {"No %(path)s here."}),
        ('raise MisuseError(f"{a.name} and {b.name}.", do="")', {"%(name)s and %(name2)s."}),
        (
            'raise MisuseError(f"{len(all):,} lines of {LINES_MAX}.", do="")',
            {"%(number_all)s lines of %(number_lines_max)s."},
        ),
        ('raise MisuseError(f"{units.size(left)} left.", do="")', {"%(size_left)s left."}),
        ('raise MisuseError("One." if x else "Two.", do="")', {"One.", "Two."}),
        ('ADD = "And this."\nraise MisuseError(f"That. {ADD}", do="")', {"That. And this."}),
        ('T = {1: ("It broke.", "Mend it.")}\nwhat, do = T.get(n, ("Else.", "Wait."))\n', set()),
        (
            'T = {1: ("it broke", "Mend it.")}\n'
            "def f():\n"
            '    why, do = T.get(n, ("it is odd", "Wait."))\n'
            '    raise MisuseError(f"Not done: {why}.", do=do)\n',
            {"Not done: %(said_why)s.", "it broke", "it is odd", "Mend it.", "Wait."},
        ),
        (
            'T = {A.B: ("It broke.", "Mend it.")}\n'
            "def f(which):\n    what, do = T[which]\n    raise MisuseError(what, do=do)\n",
            {"It broke.", "Mend it."},
        ),
        (
            'def f(what):\n    raise MisuseError(what, do="")\nf("This one.")\nf(what="That one.")\n',
            {"This one.", "That one."},
        ),
        (
            'def g():\n    return "in time" if x else "at all"\n'
            'def f():\n    when = g()\n    raise MisuseError(f"Not {when}.", do="")\n',
            {"Not %(said_when)s.", "in time", "at all"},
        ),
        (
            "class Doing:\n"
            "    def __init__(self, doing):\n        self.doing = doing\n"
            '    def turn(self):\n        raise MisuseError(f"Could not {self.doing}.", do="")\n'
            "class Other(Doing): ...\n"
            'Doing("read it")\nOther(f"write {path}")\n',
            {"Could not %(said_doing)s.", "read it", "write %(path)s"},
        ),
        ("raise MisuseError(error.what, safe=told['safe'], do=str(told.get('do', '')))", set()),
    ],
)
def test_a_sentence_is_followed_to_its_texts(source: str, found: set[str]) -> None:
    assert read(source) == found


@pytest.mark.parametrize(
    "source",
    [
        'raise PeerError("handover 4.3: a chunk, twice")',  # the page says the same of each
        'raise MisuseError("a key has 32 bytes")',  # nobody is told what to do about a mistake of ours
        'raise SatchelError("page 4.1: this is no form.")',
        'def f(which):\n    raise SatchelError(f"{which}: no body.")\nf("page 4.1")\n',
        'raise MisuseError("", do="satchel send PATH")',  # the same in every language
    ],
)
def test_what_is_not_for_a_person_is_left_out(source: str) -> None:
    assert not read(source)


@pytest.mark.parametrize(
    "source",
    [
        'raise MisuseError("It broke: " + why, do="")',
        'raise MisuseError("It broke: {}".format(why), do="")',
        'raise MisuseError("It broke: %s." % why, do="")',
        'raise MisuseError(" ".join(parts), do="")',
        'raise MisuseError("It broke.".upper(), do="")',
        'raise MisuseError(f"The file {path}{ending} is gone.", do="")',
        'raise MisuseError(f"{path}: {reason}.", do="")',
        'raise MisuseError(told, do="")',
        'raise MisuseError("It broke.", do=advice())',
        'raise MisuseError("It broke.", do="Wait." if x else y.z)',
        'def f(what):\n    raise MisuseError(what, do="")\nf("It " + "broke.")\n',
        'def f(what):\n    raise MisuseError(what, do="")\nf(other)\n',
        'def f():\n    do = "Wait."\n    do += " Then mend it."\n    raise MisuseError("It broke.", do=do)\n',
        'def f():\n    for what in ("One.", "Two."):\n        raise MisuseError(what, do="")\n',
    ],
)
def test_a_sentence_in_a_form_that_nobody_can_translate_is_an_error(source: str) -> None:
    with pytest.raises(Unreadable, match=r"^a\.py:[0-9]+$"):
        read(source)


def test_sentences_of_all_parts_are_found() -> None:
    """Of pairing, of the disk, of doctor, of uploads, of the page."""
    assert set(told()) >= {
        "The code was not right.",
        "Could not %(said_doing)s: %(said_why)s.",
        "the disk is full",
        "use the folder %(into)s",
        "The clock of this computer is wrong: it is %(said_where)s.",
        "They close again by themselves after two hours.",
        "This cannot be uploaded: %(said_why)s.",
        "These were not the same.",
        "a link; links are not followed",
        "it was changed while it was being sent",
    }


def test_commands_that_the_page_does_not_run_are_left_out() -> None:
    modules = {module for places in told().values() for module in places}
    assert {"cli/send_cmd", "cli/pair_cmd", "store/landing", "node/doctor/safety"} <= modules
    assert not modules & {"cli/restore_cmd", "cli/init_cmd", "cli/demo_cmd", "cli/wipe_cmd"}

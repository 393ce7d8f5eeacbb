"""What went wrong is told in the language of the page, whatever others put into it (G; page 4.5, 5.4)."""

import re
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.web.owner import speech
from satchel.web.owner.errands import Errand, Kind, Problem
from satchel.web.owner.rendering import render
from satchel.web.owner.sentences import SENTENCE_CHARACTERS_MAX, Found, Put, Sentences
from satchel.web.owner.speech import CODES
from satchel.web.owner.telling import tell
from web.states import BASE
from web.test_pages import HOSTILE
from web.wording import LANGUAGES

CARE: dict[str, Any] = {
    "mode": "open",
    "addresses": [],
    "has_passphrase": True,
    "wiping": False,
    "carried": None,
}
FIELD = re.compile(r"%\((\w+)\)s")
TAGS = re.compile(r"<[^>]*>")
OURS = {"<bdi>", '<bdi dir="auto">', '<bdi lang="en" dir="ltr">', "</bdi>", '<code dir="ltr">', "</code>"}
SECONDS_MAX = 1.0
TEMPLATES = sorted(english for english, _ in speech.sentences(LANGUAGES[0]))  # all: test_words
WITH_FIELDS = [template for template in TEMPLATES if FIELD.search(template)]
USUAL = {"number": "12,000", "size": "4.2 kB", "said": "Connection timed out"}
LIKE_OTHERS = [FIELD.sub("x", template) for template in TEMPLATES[:: len(TEMPLATES) // 40]]


def filled(template: str, value: str) -> str:
    """`value`: where others may write something."""
    return FIELD.sub(lambda field: USUAL.get(field[1].partition("_")[0], value), template)


@cache
def sentences(code: str) -> Sentences:
    return Sentences(speech.sentences(code))


def shown(code: str, sentence: str) -> str:
    """As it is read on the page."""
    return str(tell(code, sentence).html.striptags())


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_sentence_is_told_in_the_language_of_the_page(code: str) -> None:
    for template in TEMPLATES:
        sentence = filled(template, "Amina")
        found = sentences(code).find(sentence)
        assert found is not None, template
        assert found.form.english == template
        assert tell(code, sentence).code == code
        assert most_of(found.form.other) in shown(code, sentence), template


def most_of(translation: str) -> str:
    """The longest of our words in it that stand together."""
    parts = FIELD.split(translation.replace("`", ""))[::2]
    return " ".join(max(parts, key=len).split())


def is_one_thing(template: str) -> bool:
    """What is put in: of two nobody can say where one ends, if it has the words between them in it."""
    fields = FIELD.findall(template)
    return len(fields) == 1 and fields[0].partition("_")[0] not in USUAL


def hostile() -> Iterator[str]:
    yield from (text for text in HOSTILE if text.strip())
    yield from LIKE_OTHERS
    yield from (f"x{text}y" for text in LIKE_OTHERS)
    yield "': the disk is full. Could not read '"
    yield "x. " * 1_400  # 4 kB


@pytest.mark.slow
def test_what_others_wrote_makes_no_other_sentence_of_it() -> None:
    """G: a name that looks like a sentence is shown as a name; where that leaves a doubt, all is English."""
    for template in WITH_FIELDS:
        for value in hostile():
            sentence = filled(template, value)
            found = sentences("ar").find(sentence)
            html = str(tell("ar", sentence).html)
            if found is not None:
                assert found.form.english == template, sentence
                assert all(put.found is None for put in found.puts if not put.field.startswith("said_"))
                assert is_one_thing(template) <= (str(speech.isolated(value)) in html), sentence
            assert set(TAGS.findall(html)) <= OURS, html
            assert not {"\u202e", "\x1b"} & set(html), html


@pytest.mark.parametrize(
    ("code", "sentence", "said"),
    [
        ("fr", "The code was not right.", "Le code n’était pas juste."),
        (
            "ar",
            "Could not use the folder '/a: b': the disk is full.",
            'تعذر هذا: استخدام المجلد <bdi dir="auto">&#39;/a: b&#39;</bdi>. السبب: القرص ممتلئ.',
        ),
        (
            "es",
            "Could not read '/a': Connection timed out.",
            'Esto no fue posible: leer <bdi dir="auto">&#39;/a&#39;</bdi>. '
            'Motivo: <bdi lang="en" dir="ltr">Connection timed out</bdi>.',
        ),
        (
            "fa",
            "The disk is too full: 4.2 kB wanted, 512 B free.",
            "دیسک بیش از اندازه پر است. لازم: <bdi>۴٫۲\u00a0kB</bdi>. آزاد: <bdi>۵۱۲\u00a0بایت</bdi>.",
        ),
        (
            "fa",
            "These are too many names for one hand-over: 1,234,567.",
            "این نام‌ها برای یک تحویل بیش از اندازه زیاد است: <bdi>۱٬۲۳۴٬۵۶۷</bdi>.",
        ),
        (
            "zh",
            "pip uninstall apsw, then pip install --force-reinstall apsw-sqlite3mc",
            '<code dir="ltr">pip uninstall apsw</code>，然后'
            ' <code dir="ltr">pip install --force-reinstall apsw-sqlite3mc</code>',
        ),
        ("en", "<b> does not want it.", '<bdi dir="auto">&lt;b&gt;</bdi> does not want it.'),
        (
            "fr",
            "handover 4.3: a chunk, twice",
            "L’autre appareil ne respecte pas les règles de Satchel\u202f: "
            '<bdi lang="en" dir="ltr">handover 4.3: a chunk, twice</bdi>',
        ),
        (
            "zh",
            "page 4.1: this is no form.",
            '本页面与 Satchel 未能互相理解：<bdi lang="en" dir="ltr">page 4.1: this is no form.</bdi>',
        ),
    ],
)
def test_a_sentence_with_what_is_put_in(code: str, sentence: str, said: str) -> None:
    assert str(tell(code, sentence).html) == said
    assert tell(code, sentence).code == code


def test_a_name_of_digits_stays_a_name() -> None:
    """T1 aside: 007 is not 7, and 1234 has no comma."""
    assert shown("fr", "007 does not want it.") == "007 n’en veut pas."
    assert shown("fa", "There is nothing of number 1234 in the queue.").count("1234") == 1


@pytest.mark.parametrize("code", CODES)
def test_a_sentence_of_nobody_stays_english(code: str) -> None:
    said = tell(code, "Something <new> \u202eotherwise.")
    assert (said.tag, said.direction) == ("en", "ltr")
    assert str(said.html) == "Something &lt;new&gt; \\u{202e}otherwise."


def test_english_inside_of_another_language_drives_nothing() -> None:
    for sentence in ("Could not read '/a': x\u202ey.", "handover 4.3: x\u202ey"):
        assert 'dir="ltr">' in tell("ar", sentence).html
        assert "x\\u{202e}y" in tell("ar", sentence).html
        assert "x\\u{202e}y" in tell("ar", sentence).plain


def test_a_text_without_mark_up_isolates_what_is_put_in() -> None:
    """For a script: names, and English inside of another direction."""
    assert tell("ar", "There is no file or folder 'x'.").plain == "لا يوجد ملف أو مجلد \u2068'x'\u2069."
    assert tell("ar", "pip uninstall apsw, then pip install --force-reinstall apsw-sqlite3mc").plain == (
        "\u2066pip uninstall apsw\u2069، ثم \u2066pip install --force-reinstall apsw-sqlite3mc\u2069"
    )
    assert tell("ar", "Never said.").plain == "\u2066Never said.\u2069"
    assert tell("en", "Never said.").plain == "Never said."


@pytest.mark.parametrize(
    "sentence",
    [
        "Could not " + "a: " * 33_000 + "the disk is full.",
        "Could not read '" + ": " * 9_000 + "': the disk is full.",
        " does not want it." * 5_000,
        "x" * 100_000,
        "handover 4.3: " * 7_000,
        "A VPN (" * 2_000,
    ],
)
def test_a_sentence_of_any_length_costs_little(sentence: str) -> None:
    """M3: a name cannot hold up the node."""
    began_s = time.perf_counter()
    tell("ar", sentence)
    assert time.perf_counter() - began_s < SECONDS_MAX


def test_a_longer_one_than_any_of_ours_stays_english() -> None:
    ending = " does not want it."
    longest = "x" * (SENTENCE_CHARACTERS_MAX - len(ending)) + ending
    assert tell("fr", longest).code == "fr"
    assert tell("fr", f"x{longest}").code == "en"


def test_pages_say_their_language_where_they_tell_something() -> None:
    """English that is left says so, and runs from left to right (WCAG 3.1.2)."""
    problem = Problem(what="The code was not right.", safe="Never said.", do="Try again.")
    said = render("refused.html", code="ar", base=BASE, problem=problem)
    assert '<p lang="ar" dir="rtl">لم يكن الرمز صحيحًا.</p><p lang="en" dir="ltr">Never said.</p>' in said
    errand = Errand(id="1", kind=Kind.GIVE, failed=[("a", "it could not be read")], left_out=[("b", "x")])
    said = render("errand.html", code="zh", base=BASE, errand=errand, into="Downloads", again=None)
    assert '<bdi dir="auto">a</bdi>: <span lang="zh-Hans" dir="ltr">无法读取</span>' in said
    assert '<bdi dir="auto">b</bdi>: <span lang="en" dir="ltr">x</span>' in said
    finding = {
        "what": "Nothing was changed.",
        "safe": "Satchel itself says no name.",
        "do": "",
        "command": "ls",
    }
    said = render("care.html", code="fa", base=BASE, **CARE, findings=[finding])
    assert '<strong><span lang="fa" dir="rtl">چیزی تغییر نکرد.</span></strong>' in said
    assert '<pre dir="ltr"><code>ls</code></pre>' in said


PAIRS = [
    ("%(name)s is here.", "ici: %(name)s"),
    ("%(name)s is %(said_where)s.", "%(said_where)s: %(name)s"),
    ("in %(place)s", "dans %(place)s"),
    ("%(name)s is gone: %(why)s.", "parti: %(name)s, %(why)s"),
    ("Look %(said_where)s: %(name)s", "voir %(said_where)s: %(name)s"),
    ("at home", "chez soi"),
    ("Gone.", "Parti."),
]


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Gone.", "Parti."),
        ("Amina is in Lima.", "(dans Lima): Amina"),
        ("Amina is late.", "late: Amina"),
        ("Amina is here.", "ici: Amina"),  # the other form says the same, though less
        ("A is gone: b.", "parti: A, b"),
        ("Look at home: a: b", "voir (chez soi): a: b"),
        ("A is gone: b is here.", None),  # which of two is it?
        (" is here.", None),  # nobody
        ("Gone", None),
    ],
)
def test_which_form_a_sentence_has(sentence: str, said: str | None) -> None:
    found = Sentences(PAIRS).find(sentence)
    assert (None if found is None else said_of(found)) == said


def said_of(found: Found) -> str:
    return "".join(
        part if isinstance(part, str) else f"({said_of(part.found)})" if part.found else part.text
        for part in found.parts()
    )


def test_what_is_said_within_is_followed_three_times_at_most() -> None:
    sentences = Sentences([("It is %(said_it)s", "C’est %(said_it)s")])
    found, depth = sentences.find("It is " * 9 + "so"), 0
    while found is not None:
        (put,) = (part for part in found.parts() if isinstance(part, Put))
        found, depth = put.found, depth + 1
    assert depth == 3


@given(st.text(max_size=200), st.sampled_from(CODES))
def test_any_text_is_told_without_mark_up(sentence: str, code: str) -> None:
    assert set(TAGS.findall(str(tell(code, sentence).html))) <= OURS


@given(st.text(min_size=1, max_size=60), st.sampled_from(WITH_FIELDS), st.sampled_from(CODES))
def test_any_text_in_a_sentence_is_told_without_mark_up(value: str, template: str, code: str) -> None:
    assert set(TAGS.findall(str(tell(code, filled(template, value)).html))) <= OURS


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_name_that_begins_like_a_clause_breaks_no_rule(code: str) -> None:
    """[5.5] Somebody may be called so: the forms that are known come first."""
    name = "handover 4.3: Anna"
    sentence = f"{name} offered nothing in fifteen minutes."
    found = sentences(code).find(sentence)
    assert found is not None
    assert found.puts == (Put("contact", name),)
    assert shown(code, sentence) == shown(code, sentence.replace(name, "Anna")).replace("Anna", name)

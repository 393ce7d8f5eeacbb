"""The words of the page: each language says all of it, nothing else, and none of it is mark-up (page 5)."""

import gettext
import re
from collections import Counter
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message

from satchel.web.owner.speech import TOLD
from web.page_kit import usual_pages
from web.wording import LANGUAGES, all_said, extract, written

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
TYPED = re.compile("`[^`]*`")  # what a person is to type is the same in every language
NUMBERS = (*range(1_001), 10**6, 2 * 10**6)  # Arabic counts anew after each hundred, Spanish at a million
COUNTS = {"number", "all"}  # what a plural form may say in a word
MISPRINTS = {
    "fr": r"[^\u202f][:;!?]|['\"]",  # narrow spaces that do not break, before all of these
    "es": r"^[^¿]*\?|^[^¡]*!|['\"]",
    "ar": r"[,;?]|\.\.\.|['\"]",
    "fa": r"[,;?]|\.\.\.|\bن?می |['\"ي\u0643]",  # Persian's own ye and ke; no wide space inside a verb
    "zh": r"[,;?!:]|\.\.\.|['\"]",
}


@cache
def said() -> Catalog:
    """What the page says, in English."""
    return extract()


@cache
def translated(language: str) -> Catalog:
    return written(language)


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def texts(message: Message) -> tuple[str, ...]:
    """All forms of a translation."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def originals(message: Message) -> tuple[str, ...]:
    """The English one, or its two forms."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_message_and_no_other(language: str) -> None:
    assert {(message.context, message.id) for message in messages(translated(language))} == {
        (message.context, message.id) for message in messages(said())
    }
    assert not translated(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    left = [message.id for message in messages(translated(language)) if not all_said(message.string)]
    assert not left
    assert not [message.id for message in messages(translated(language)) if message.fuzzy]
    assert not [message.id for message in messages(translated(language)) if message.id in texts(message)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_asks_for_what_its_message_has(language: str) -> None:
    """One that names another field would be an error in the middle of a page, in that language alone."""
    for message in messages(translated(language)):
        if isinstance(message.id, str):
            assert fields(texts(message)[0]) == fields(message.id), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_leaves_out_its_number_only_where_it_stands_for_one(language: str) -> None:
    catalogue = translated(language)
    form_of = gettext.c2py(catalogue.plural_expr)
    stands_for = Counter(form_of(number) for number in NUMBERS)
    for message in messages(catalogue):
        if isinstance(message.id, str):
            continue
        assert len(texts(message)) == catalogue.num_plurals == max(stands_for) + 1
        wanted = fields(message.id[1])
        for form, text in enumerate(texts(message)):
            left_out = wanted - fields(text)
            assert not fields(text) - wanted, text
            assert not left_out or (stands_for[form] == 1 and set(left_out) <= COUNTS), text


def fields(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", [None, *LANGUAGES])
def test_no_message_is_mark_up(language: str | None) -> None:
    """They stand in pages, also in attributes, as they are; but for what is told: that is escaped."""
    for message in messages(said() if language is None else translated(language)):
        for text in originals(message) if language is None else texts(message):
            assert text == text.strip(), text
            if message.context != TOLD:
                assert not re.search(r"[<>&\"]", text), text
                assert "%" not in PLACEHOLDER.sub("", text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_punctuation_is_that_of_the_language(language: str) -> None:
    wrong = [
        text
        for message in messages(translated(language))
        for text in texts(message)
        if re.search(MISPRINTS[language], TYPED.sub("", PLACEHOLDER.sub("", text)))
    ]
    assert not wrong


@pytest.mark.parametrize("language", [None, *LANGUAGES])
def test_every_message_of_a_template_is_shown_somewhere(language: str | None) -> None:
    """In its language: a page that forgot one would fall back to English. And the kit shows every state."""
    shown = "\n".join(seen.text for _, seen in usual_pages(language or "en"))
    unseen = []
    for message in messages(said()):
        if any(place.startswith("templates/") for place, _ in message.locations):
            forms = originals(message) if language is None else texts(translated(language)[message.id])
            unseen += [forms[-1]] if not is_shown(forms[-1], shown) else []  # others stand for few numbers
    assert not unseen


def is_shown(text: str, shown: str) -> bool:
    """Whatever is put into it."""
    parts = [re.escape(part) for part in PLACEHOLDER.split(text)[::2]]
    return re.search(".{1,40}?".join(parts), shown) is not None

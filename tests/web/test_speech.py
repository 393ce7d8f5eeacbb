"""Which language the page speaks, and its numbers (page 5)."""

import gettext

import pytest
from babel.core import Locale
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from satchel.cli import units
from satchel.web.owner.speech import (
    CODES,
    DEFAULT,
    HEADER_CHARACTERS_MAX,
    NAMES,
    Language,
    language,
    tag,
    wanted,
)
from web.wording import LANGUAGES

SPACE, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def test_each_language_has_a_name_and_a_catalogue() -> None:
    assert tuple(NAMES) == CODES == (DEFAULT, *LANGUAGES)
    for code in LANGUAGES:
        assert language(code).catalogue.gettext("Send") != "Send"


def test_chinese_says_that_its_characters_are_simplified() -> None:
    """Else a browser may show it in Japanese shapes."""
    assert [tag(code) for code in CODES] == ["en", "fr", "es", "ar", "fa", "zh-Hans"]


def test_a_language_without_the_message_says_it_in_english() -> None:
    assert language("ar").catalogue.gettext("Never said.") == "Never said."


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("en", 1_234_567, "1,234,567"),
        ("fr", 1_234_567, f"1{NARROW}234{NARROW}567"),
        ("es", 1_234_567, "1.234.567"),
        ("ar", 1_234_567, "1,234,567"),  # CLDR: Arabic of no country in particular has these digits
        ("fa", 1_234_567, "۱٬۲۳۴٬۵۶۷"),
        ("zh", 1_234_567, "1,234,567"),
        ("fr", 1.5, "1,5"),
        ("fa", 890, "۸۹۰"),
        ("fa", 0.5, "۰٫۵"),
    ],
)
def test_numbers(code: str, number: float, shown: str) -> None:
    assert language(code).number(number) == shown


def test_arabic_digits_where_a_country_has_them() -> None:
    egypt = Language("ar", gettext.NullTranslations(), Locale.parse("ar_EG"))
    assert egypt.number(1_234_567_890) == "١٬٢٣٤٬٥٦٧٬٨٩٠"


@pytest.mark.parametrize(
    ("code", "count", "shown"),
    [
        ("en", 0, f"0{SPACE}bytes"),
        ("en", 1, f"1{SPACE}byte"),
        ("en", 999, f"999{SPACE}bytes"),
        ("en", 1_000, f"1{SPACE}kB"),
        ("en", 99_949, f"99.9{SPACE}kB"),
        ("en", 999_500, f"1{SPACE}MB"),
        ("en", 10**18, f"1,000{SPACE}PB"),
        ("fr", 512, f"512{SPACE}octets"),
        ("fr", 1_500_000, f"1,5{NARROW}Mo"),
        ("es", 1_500_000, f"1,5{SPACE}MB"),
        ("ar", 1_500, f"1.5{SPACE}كيلوبايت"),
        ("fa", 1_500_000, f"۱٫۵{SPACE}MB"),
        ("fa", 12, f"۱۲{SPACE}بایت"),
        ("zh", 1_500_000, f"1.5{SPACE}MB"),
    ],
)
def test_sizes(code: str, count: int, shown: str) -> None:
    assert language(code).size(count) == Markup(f"<bdi>{shown}</bdi>")


@given(st.integers(1_000, 10**18))
def test_a_size_is_that_of_the_commands(count: int) -> None:
    shown = language("en").size(count).removeprefix("<bdi>").removesuffix("</bdi>")
    assert shown.replace(SPACE, " ").replace(",", "") == units.size(count).replace(".0 ", " ")


@given(st.integers(0, 10**18), st.sampled_from(CODES))
def test_a_size_is_never_torn_apart(count: int, code: str) -> None:
    shown = language(code).size(count)
    assert " " not in shown
    assert shown.count("<") == 2


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fa-IR,fa;q=0.9,en;q=0.8", "fa"),
        ("zh-Hans-CN", "zh"),
        ("AR-eg", "ar"),
        ("de-AT,de;q=0.9,es;q=0.5,en;q=0.4", "es"),
        ("en;q=0.1, ar;q=0.9", "ar"),
        ("en ; q=0.1 , es ; q=0.2", "es"),  # spaces, as RFC 9110 allows them
        ("fr;q=0, es;q=0.001", "es"),  # 0: not this one
        ("fr;q=0", "en"),
        ("*", "en"),
        ("de, sw, ha", "en"),
        ("fr;q=1.000,ar;q=1", "fr"),  # of two that are as welcome the first
        # what no browser sends
        ("ar;q=nan,fr;q=0.5", "fr"),
        ("ar;q=inf,fr;q=0.5", "fr"),
        ("ar;q=1e9,fr;q=0.5", "fr"),
        ("ar;q=-1,fr;q=0.5", "fr"),
        ("ar;q=٩,fr;q=0.5", "fr"),
        ("ar;q=,fr", "fr"),
        ("fr_FR", "en"),
        ("../fr", "en"),
        ("fr\x00", "en"),
        (",;q=,;,=", "en"),
        ("x" * 100_000, "en"),
        ("," * HEADER_CHARACTERS_MAX + "fr", "en"),
    ],
)
def test_the_first_language_that_a_browser_asks_for(header: str, code: str) -> None:
    assert wanted(header) == code


@given(st.text(st.characters(max_codepoint=0xFF)) | st.text("frenar-;q=01., *", max_size=300))
def test_any_header_leads_to_a_language_of_ours(header: str) -> None:
    assert wanted(header) in CODES

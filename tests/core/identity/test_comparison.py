"""The words that people compare: 64 in each language, well told apart, and 42 bits of them."""

import hashlib
import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.identity.comparison import WORDS, Comparison, Language
from satchel.errors import MisuseError

# What the people who speak it say alike, or nearly. Only where letters differ and sounds do not.
SAME_SOUND: dict[Language, dict[str, str]] = {
    Language.ENGLISH: {"ph": "f", "ck": "k", "kn": "n", "wr": "r"},
    Language.FRENCH: {"ch": "sj", "ph": "f", "qu": "k", "c": "k", "ke": "se", "ki": "si", "h": "", "y": "i"},
    Language.SPANISH: {
        "ch": "tj",
        "v": "b",
        "qu": "k",
        "ge": "je",
        "gi": "ji",
        "gui": "gi",
        "z": "s",
        "h": "",
    },
    Language.ARABIC: dict(zip("صثطضظقحأإآ", "سستدذكهااا", strict=True)),
    Language.PERSIAN: dict(zip("صثطضظذغح", "سستزززقه", strict=True)),
    Language.CHINESE: {},
}
# Pinyin of the first character, without tone, and as who speaks a southern accent says it: no h behind
# z, c, s; n for l and for ng. In the order of the list.
PINYIN = re.findall(
    r"[a-z]+",
    """
ping xiang tai yue xing tian bai yu xue da he shan sen hua cao shi sha huo fei qi lun zi fang chuang men
zhuo yi dian shou yan qian shu bao yao mao xie mi mian niu ji cha tang xi pu ju lao tu xiong hou kong hu
peng yin zu chun dong zao hong lv huang gu cheng deng feng
""",
)
LISTS_SHA256 = "d194a9826c2e23e95e88d6b4f7c61d9db0e5c93c0497fb2ea38d81cdca5e89d1"
LETTERS = {
    Language.ARABIC: "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",
    Language.PERSIAN: "ءآئابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی",
}


@pytest.mark.parametrize("language", Language)
def test_sixty_four_words_each_once_in_nfc(language: Language) -> None:
    words = WORDS[language]
    assert len(words) == len(set(words)) == 64
    assert all(unicodedata.is_normalized("NFC", word) for word in words)
    assert all(unicodedata.category(letter).startswith("L") for word in words for letter in word)
    assert all(2 <= len(word) <= 11 for word in words)


@pytest.mark.parametrize("language", set(Language) - {Language.CHINESE})
def test_no_two_words_begin_with_the_same_sounds(language: Language) -> None:
    def first_sounds(word: str) -> str:
        for written, sound in SAME_SOUND[language].items():
            word = word.replace(written, sound)
        word = word.replace("آ", "\N{LATIN SMALL LETTER A WITH MACRON}")
        bare = "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")
        return bare[:2]

    counted = Counter(map(first_sounds, WORDS[language]))
    assert [sounds for sounds, count in counted.items() if count > 1] == []


def test_no_two_chinese_words_begin_with_the_same_syllable() -> None:
    assert len(PINYIN) == len(set(PINYIN)) == 64
    southern = Counter(
        syllable.replace("zh", "z").replace("ch", "c").replace("sh", "s").replace("ng", "n")
        for syllable in PINYIN
    )
    assert [syllable for syllable, count in southern.items() if count > 1] == []
    first = {word[0] for word in WORDS[Language.CHINESE]}
    assert len(first) == 64


@pytest.mark.parametrize("language", LETTERS)
def test_arabic_and_persian_have_letters_of_their_own(language: Language) -> None:
    """A Persian word with an Arabic kaf or yeh looks alike and is misspelt; and none has a vowel sign."""
    assert set("".join(WORDS[language])) <= set(LETTERS[language])


def test_the_lists_are_part_of_the_protocol() -> None:
    text = "\n".join(" ".join(WORDS[language]) for language in Language)
    assert hashlib.sha256(text.encode()).hexdigest() == LISTS_SHA256


@given(st.binary(min_size=16, max_size=16), st.sampled_from(list(Language)))
def test_seven_words_are_42_bits(secret: bytes, language: Language) -> None:
    parts = Comparison(secret=secret, language=language).parts()
    number = 0
    for part in parts:
        number = number << 6 | WORDS[language].index(part)
    assert number == int.from_bytes(secret, "big") >> 86


@given(st.binary(min_size=16, max_size=16))
def test_three_numbers_of_four_digits(secret: bytes) -> None:
    parts = Comparison(secret=secret, language=None).parts()
    assert [len(part) for part in parts] == [4, 4, 4]
    assert int("".join(parts)) == int.from_bytes(secret, "big") % 10**12


def test_a_comparison_is_made_of_sixteen_bytes_and_not_shown() -> None:
    with pytest.raises(MisuseError):
        Comparison(secret=bytes(15), language=None)
    assert "secret" not in repr(Comparison(secret=bytes(16), language=None))

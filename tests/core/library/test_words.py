"""Words of many scripts, and what is found by them in a real FTS5 with `unicode61`."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.library.query import CHARACTERS_MAX, TERMS_MAX, WORDS_MAX, Query, parse_query
from satchel.core.library.words import fold, plain

Vector = dict[str, Any]
FILE = Path(__file__).parents[3] / "docs/spec/search.vectors.json"
VECTORS: list[Vector] = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]

TEXTS = {
    "ar": "ذَهَبَ الطَّالِبُ إلى المكتبة لِقِراءَةِ كتاب القراءة الجديد، وقد قرأ للأطفال والمعلمين ١٢ قصّة.",
    "fa": "کتاب‌های تازه را در کتابخانهٔ دانشگاه می‌خوانیم؛ آموزش کیمیا در آلمان.",
    "ur": "یہ کتابیں اُردو زبان میں ہیں، لڑکی مدرسہ جاتی ہے۔",
    "he": "הַסֵּפֶר נמצא בבית־הספר, צה״ל נזכר בו.",
    "zh": "我们在图书馆学习中文,读了三本书。",
    "ja": "私たちは図書館でガイドブックを読んでいます。",
    "ko": "우리는 도서관에서 한국어 책을 읽습니다.",
    "th": "นักเรียนอ่านหนังสือในห้องสมุด",
    "lo": "ນັກຮຽນອ່ານປຶ້ມ",
    "hi": "बच्चे पुस्तकालय में हिन्दी की क़िताबें पढ़ते हैं।",
    "bn": "আমরা গ্রন্থাগারে বাংলা বই পড়ি।",
    "ta": "நாங்கள் நூலகத்தில் புத்தகம் படிக்கிறோம்.",
    "am": "ተማሪዎች መጽሐፍ ያነባሉ።",
    "ru": "Ещё один учебник: как растёт пшеница?",
    "uk": "Підручник про здоров’я дітей.",
    "el": "Τα βιβλία της ΒΙΒΛΙΟΘΉΚΗΣ",
    "fr": "L’élève a reçu un cœur naïf à l’école.",
    "tr": "ISPARTA'da bir okul; İstanbul ve çocuklar.",
    "ha": "Yara suna karatu a ɗakin karatu.",
    "my": "ကလေးများ စာအုပ်ဖတ်သည်။",
    "km": "សិស្សអានសៀវភៅនៅបណ្ណាល័យ",
    "ff": "𞤣𞤫𞤬𞤼𞤫𞤪𞤫 𞤶𞤢𞤲𞤺𞤮𞤤",
}
QUERIES = [
    ("ar", "قراءة"),  # inside القراءة
    ("ar", "ذهب الطالب"),  # without its vowels
    ("ar", '"كتاب القراءة الجديد"'),  # a phrase over a word with an article
    ("ar", "أطفال"),  # inside للأطفال
    ("ar", "معلمين 12"),
    ("fa", "كتاب هاي"),  # typed on an Arabic keyboard
    ("fa", "كيميا المان"),
    ("fa", "می خوانیم"),
    ("ur", "اردو زبان"),
    ("ur", "مدرسه"),
    ("he", "הספר"),
    ("he", 'צה"ל'),
    ("zh", "图书馆"),
    ("zh", "书"),
    ("ja", "ｶﾞｲﾄﾞ 図書"),
    ("ko", "도서관"),
    ("th", "หนังสือ"),
    ("lo", "ປຶ້ມ"),
    ("hi", "क़िताब"),
    ("hi", "हिन्दी"),
    ("bn", "বাংলা"),
    ("ta", "புத்தகம்"),
    ("am", "መጽሐፍ"),
    ("ru", "ЕЩЕ растет"),
    ("uk", "здоров'я"),
    ("el", "βιβλιοθηκης"),
    ("fr", "eleve recu coeur l'ecole"),
    ("tr", "Isparta istanbul"),
    ("ha", "dakin"),
    ("my", "စာအုပ်"),
    ("km", "បណ្ណាល័យ"),
    ("ff", "𞤁𞤫𞤬𞤼𞤫𞤪𞤫"),  # capitals of Adlam, beyond the basic plane
]


def matching(query: Query) -> str:
    """As an expression of FTS5; the words are nothing but letters, numbers and marks."""
    phrases = ['"' + " ".join(words) + '"' for words in query.terms]
    if query.is_prefix:
        phrases[-1] += " *"
    return " AND ".join(phrases)


@pytest.fixture(scope="module")
def index() -> apsw.Connection:
    database = apsw.Connection(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE found USING fts5(words, content='',"
        " tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'\")"
    )
    for number, text in enumerate(TEXTS.values()):
        database.execute("INSERT INTO found (rowid, words) VALUES (?, ?)", (number, fold(text)))
    return database


@pytest.mark.parametrize(("language", "typed"), QUERIES)
def test_found_in_every_script(index: apsw.Connection, language: str, typed: str) -> None:
    rows = index.execute("SELECT rowid FROM found WHERE found MATCH ?", (matching(parse_query(typed)),))
    found = [list(TEXTS)[number] for (number,) in rows]
    assert language in found
    assert len(found) <= 2  # ar and fa share some words


@pytest.mark.parametrize("typed", ["שיר", "书图馆", "गाय", "المكتبه القديمه", "библиотека", "หนอน"])
def test_other_words_are_not_found(index: apsw.Connection, typed: str) -> None:
    rows = index.execute("SELECT rowid FROM found WHERE found MATCH ?", (matching(parse_query(typed)),))
    assert list(rows) == []


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_vector(vector: Vector) -> None:
    if vector["kind"] == "words":
        assert plain(vector["text"]) == vector["plain"]
        assert fold(vector["text"]) == vector.get("fold", vector["plain"])
    else:
        query = parse_query(vector["text"])
        assert [list(term) for term in query.terms] == vector["terms"]
        assert query.is_prefix == vector["is_prefix"]


ANY = st.text(max_size=60) | st.text("قراءةالولل كوب \u200c\u0640\u064e\u0670", max_size=60)


@given(ANY)
def test_folded_again_it_is_the_same(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert fold(fold(text)) == fold(text)


@given(ANY)
def test_what_is_folded_is_nothing_but_words(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())
    for letter in folded.replace(" ", ""):
        category = unicodedata.category(letter)
        assert category[0] in "LN" or category in ("Mn", "Mc", "Co") or 0x20000 <= ord(letter) < 0x40000
    assert len(folded) <= 40 * len(text)  # NFKD: one character is at most 18


def test_no_letter_is_lost() -> None:
    """But for apostrophes, tatweel, and Arabic vowels that stand alone or on one."""
    separating = {"\u02b9", "\u02bb", "\u02bc", "\u0640", " "}
    lost = [
        letter
        for letter in map(chr, range(0x10000))
        if unicodedata.category(letter)[0] in "LN"
        and not plain(letter)
        and not all(
            one in separating or unicodedata.category(one) == "Mn"
            for one in unicodedata.normalize("NFKD", letter)
        )
    ]
    assert lost == []


@given(st.text(max_size=400) | st.text("ab \"«»“”*^:(){}+-ANDORNOTNEAR\0'", max_size=400))
def test_any_text_is_a_bounded_query(text: str) -> None:
    query = parse_query(text)
    words = [word for term in query.terms for word in term]
    assert len(query.terms) <= TERMS_MAX
    assert len(words) <= WORDS_MAX
    assert all(word and plain(word) == word for word in words)
    assert parse_query(text[:CHARACTERS_MAX]) == query


def test_queries_are_expressions_of_no_database(index: apsw.Connection) -> None:
    for typed in ('a" OR "b', "words: a", "NEAR(a b)", "a* ^b -c (d", 'x"y', "{a}: b + c"):
        list(index.execute("SELECT rowid FROM found WHERE found MATCH ?", (matching(parse_query(typed)),)))

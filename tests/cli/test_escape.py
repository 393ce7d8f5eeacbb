"""What other people's names and texts look like in a terminal: harmless, and no two names alike."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.escape import NAME_CHARACTERS_MAX, show_name, show_path, show_text

# Pieces that are likely to collide: escapes, the shown form of escapes, spellings of one character.
TRICKY = [
    *(b"a", b"\\", b" ", b"  ", b"\\x20", b"\\\\", b"\\u{202e}", b"\\xff", b"\xff", b"\xc3", b"...", b"["),
    *map(str.encode, ("\u202e", "é", "e\u0301", "\u0301", "\u212b", "Å", "\u00a0", "\u3164", "\ufe0f", "한")),
    *map(
        str.encode,
        ("\u1112", "\u1161", "\u11ab", "\u0327", "\u200d", "\u0009", "\u001b", "ﬁ", "가", "\u2028"),
    ),
]
NAMES = (
    st.binary(min_size=1, max_size=255)
    | st.text(min_size=1, max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")[:255])
    | st.lists(st.sampled_from(TRICKY), min_size=1, max_size=30).map(b"".join).filter(lambda n: len(n) <= 255)
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"letter.txt", "letter.txt"),
        ("رسالة - 信 é.txt".encode(), "رسالة - 信 é.txt"),
        (b"a\nb", "a\\u{a}b"),
        (b"a\tb", "a\\u{9}b"),
        (b"\x1b[2J\x1b]0;owned\x07", "\\u{1b}[2J\\u{1b}]0;owned\\u{7}"),
        (b"\x9b1m", "\\x9b1m"),  # the C1 form of an escape, as a lone byte
        ("\u009b1m".encode(), "\\u{9b}1m"),  # and as UTF-8
        ("photo\u202egpj.exe".encode(), "photo\\u{202e}gpj.exe"),
        ("a\u200bb".encode(), "a\\u{200b}b"),
        ("\ufeffa".encode(), "\\u{feff}a"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),  # a surrogate is not UTF-8
        (b"C:\\x", "C:\\\\x"),
        (b" a  b ", "\\x20a \\x20b\\x20"),
        ("a\u00a0b".encode(), "a\\u{a0}b"),
        ("\u3164".encode(), "\\u{3164}"),  # a letter that is drawn as nothing
        ("e\u0301".encode(), "e\\u{301}"),
        ("\u0338x".encode(), "\\u{338}x"),  # would strike out what stands before the name
    ],
)
def test_a_name(name: bytes, shown: str) -> None:
    assert show_name(name) == shown


@given(NAMES)
@settings(max_examples=300)
def test_a_name_cannot_drive_a_terminal(name: bytes) -> None:
    """CVE-2022-46165, CVE-2023-43620: one line, nothing hidden, nothing that turns direction."""
    shown = show_name(name)
    assert shown.isprintable()
    assert not re.search(r"  |^ | $", shown)
    assert not [
        c for c in shown if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}
    ]
    assert 1 <= len(shown) <= NAME_CHARACTERS_MAX


@given(NAMES, NAMES)
@settings(max_examples=500)
@example("é".encode(), "e\u0301".encode())
@example("Å".encode(), "\u212b".encode())
@example("한".encode(), "\u1112\u1161\u11ab".encode())
@example("a\u0323\u0307".encode(), "a\u0307\u0323".encode())
@example(b"\\xff", b"\xff")
@example(b"\\u{202e}", "\u202e".encode())
@example(b"a", b"a ")
@example(b"a b", b"a  b")
def test_two_names_never_look_the_same(one: bytes, other: bytes) -> None:
    shown = [unicodedata.normalize("NFC", show_name(name)) for name in (one, other)]
    assert (shown[0] == shown[1]) is (one == other)


@given(st.integers(0, 254), st.integers(1, 255), st.sampled_from([b"a", b"\xff", b"\\"]))
def test_two_long_names_never_look_the_same(place: int, change: int, byte: bytes) -> None:
    """Also where they differ only in the middle, which is not shown."""
    long = byte * 255
    other = bytearray(long)
    other[place] ^= change
    if byte != b"\xff" and (change == 0 or bytes(other) == long):
        return
    assert show_name(long) != show_name(bytes(other))


def test_a_long_name_shows_both_ends_and_that_it_was_cut() -> None:
    shown = show_name(b"begin " + b"x" * 240 + b" end.txt")
    assert shown.startswith("begin xxx")
    assert shown.endswith("xxx end.txt")
    assert re.search(r"x\\\[\.\.\. [0-9a-f]{32} \.\.\.\]x", shown)


def test_a_short_name_cannot_imitate_a_cut_one() -> None:
    cut = show_name(b"x" * 255)
    assert len(cut) <= 255
    assert show_name(cut.encode()) != cut


def test_an_escape_is_never_cut_in_two() -> None:
    for length in range(40, 60):
        shown = show_name(b"a" * length + b"\xff" * (255 - length))
        head, _, tail = shown.partition("\\[")
        assert re.fullmatch(r"a*(\\xff)*", head)
        assert re.fullmatch(r"\.\.\. [0-9a-f]{32} \.\.\.\](\\xff)*", tail)


def test_a_path() -> None:
    assert show_path((b"school", b"a\nb")) == "school/a\\u{a}b"


def test_a_text_keeps_its_lines_and_loses_its_power() -> None:
    text = "Dear B,\n\tmeet me \u202eat six\x1b[2J.\r\u2028"
    assert show_text(text) == "Dear B,\n\tmeet me \\u{202e}at six\\u{1b}[2J.\\u{d}\\u{2028}"


def test_a_text_keeps_what_words_and_emoji_are_made_of() -> None:
    persian, emoji, arabic = "می\u200cخواهم", "👩\u200d🚀 ❤\ufe0f\u200d🔥", "Postfix،\u200f Apache"
    for text in (persian, emoji, arabic, "क्\u200dष"):
        assert show_text(text) == text
    assert show_text("\u200d \u200c\u200c a\u200c\u200c") == "\\u{200d} \\u{200c}\\u{200c} a\u200c\\u{200c}"


@given(st.text(max_size=100) | st.text("aه🚀\u0301 }\n\u200c\u200d\u200e\u202e", max_size=30))
def test_a_text_cannot_drive_a_terminal(text: str) -> None:
    shown = show_text(text)
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    seen = [c for c in shown if c not in "\n\t" and unicodedata.category(c) in hidden]
    assert set(seen) <= set("\u200c\u200d\u200e\u200f\u061c")
    assert not re.search("[\u200c\u200d\u200e\u200f\u061c]{2}", shown)  # nothing is hidden in many of them
    assert show_text(shown) == shown

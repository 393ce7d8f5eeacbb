"""The spoken code: drawn evenly, read generously, never shown by accident."""

import hashlib
import traceback
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.pairing.code import CODE_RANDOM_BYTES, SpokenCode
from satchel.core.pairing.words import WORDS
from satchel.errors import MisuseError

WORD = st.integers(0, 1023)
CODES = st.builds(SpokenCode, st.integers(1, 999), st.tuples(WORD, WORD, WORD))


@given(CODES)
def test_what_is_spoken_is_what_is_parsed(code: SpokenCode) -> None:
    assert SpokenCode.parse(code.spoken()) == code


FORMS = ["{} {} {} {}", "{}-{}-{}-{}", " {},{} , {}\t{}\n", "{}{} {} {}", "{1} {2} {3} {0}"]


@given(CODES, st.sampled_from(FORMS))
def test_what_stands_between_the_parts_does_not_matter(code: SpokenCode, form: str) -> None:
    channel, *words = code.spoken().split()
    assert SpokenCode.parse(form.format(channel, *words)) == code
    assert SpokenCode.parse(form.format(channel, *words).upper()) == code
    assert SpokenCode.parse(form.format(channel, *(word[:4] for word in words))) == code


DIGITS = {
    "arabic-indic": "٠١٢٣٤٥٦٧٨٩",
    "persian": "۰۱۲۳۴۵۶۷۸۹",
    "devanagari": "०१२३४५६७८९",
    "burmese": "၀၁၂၃၄၅၆၇၈၉",
    "full-width": "０１２３４５６７８９",
}


@pytest.mark.parametrize("script", DIGITS)
def test_digits_of_any_keyboard(script: str) -> None:
    code = SpokenCode(482, (1, 2, 3))
    channel, *words = code.spoken().split()
    typed = "".join(DIGITS[script][int(digit)] for digit in channel) + " " + " ".join(words)
    assert SpokenCode.parse(typed) == code


def test_full_width_letters_and_direction_marks() -> None:
    code = SpokenCode(7, (100, 200, 300))
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter != " " else "\u3000" for letter in code.spoken())
    assert SpokenCode.parse(wide) == code
    assert SpokenCode.parse("\u200f\u2067" + code.spoken().replace(" ", "\u200e \u00a0") + "\u2069") == code


def bad_codes() -> list[str]:
    first, second, third, fourth = WORDS[:4]
    return [
        "",
        "482",
        f"{first} {second} {third}",
        f"482 {first} {second}",
        f"482 {first} {second} {third} {fourth}",
        f"482 483 {first} {second} {third}",
        f"0 {first} {second} {third}",
        f"1000 {first} {second} {third}",
        f"{'0' * 50}482 {first} {second} {third}",
        f"{'9' * 150} {first} {second} {third}",
        f"482 {first} {second} {third[:3]}",
        f"482 {first} {second} zzzzzz",
        f"482 {first} {second} яблоко",
        f"482 {first} {second} {third}" + " " * 200,
        "\ufdfa" * 200,
    ]


@pytest.mark.parametrize("typed", bad_codes())
def test_what_is_not_a_code_says_what_to_do(typed: str) -> None:
    with pytest.raises(MisuseError) as caught:
        SpokenCode.parse(typed)
    assert caught.value.what
    assert caught.value.do


@given(st.text(max_size=300))
def test_any_text_is_a_code_or_a_misuse(typed: str) -> None:
    try:
        SpokenCode.parse(typed)
    except MisuseError:
        return


def test_drawn_codes_are_even_and_their_channel_tells_nothing_of_the_words() -> None:
    """30 bits: every bit of the words is as often 1 as 0, whatever the channel; each channel comes up."""
    codes = [
        SpokenCode.from_random(hashlib.shake_256(str(number).encode()).digest(CODE_RANDOM_BYTES))
        for number in range(20_000)
    ]
    assert len({code.channel for code in codes}) == 999
    ones = Counter[int]()
    for code in codes:
        bits = code.words[0] << 20 | code.words[1] << 10 | code.words[2]
        ones.update(bit for bit in range(30) if bits >> bit & 1)
    assert all(9_500 < ones[bit] < 10_500 for bit in range(30))
    same_channel_bytes = hashlib.shake_256(b"one channel").digest(16)
    channels = {SpokenCode.from_random(same_channel_bytes + bytes((n, n, n, n))).channel for n in range(256)}
    words = {SpokenCode.from_random(same_channel_bytes + bytes((n, n, n, n))).words for n in range(256)}
    assert len(channels) == 1
    assert len(words) == 256


@pytest.mark.parametrize("length", [0, 19, 21])
def test_a_code_is_drawn_from_twenty_bytes(length: int) -> None:
    with pytest.raises(MisuseError):
        SpokenCode.from_random(bytes(length))


@pytest.mark.parametrize(
    ("channel", "words"), [(0, (1, 2, 3)), (1000, (1, 2, 3)), (1, (0, 0, 1024)), (1, (-1, 0, 0))]
)
def test_no_code_outside_the_list(channel: int, words: tuple[int, int, int]) -> None:
    with pytest.raises(MisuseError):
        SpokenCode(channel, words)


@given(CODES)
def test_the_words_never_show_by_accident(code: SpokenCode) -> None:
    """No secret in logs and tracebacks: neither words nor their places stand in repr, str or format."""
    assert repr(code) == str(code) == f"{code}" == f"SpokenCode(channel={code.channel}, words=...)"
    try:
        raise ValueError(code)
    except ValueError:
        trace = traceback.format_exc()
    assert code.password().decode() not in trace
    assert str(code.words) not in trace


def test_the_words_are_not_in_what_is_public() -> None:
    one, other = SpokenCode(482, (1, 2, 3)), SpokenCode(482, (4, 5, 6))
    assert one.rendezvous_key() == other.rendezvous_key() == b"rendezvous\x01\xe2"
    assert one.channel_identifier() == other.channel_identifier()
    assert one.password() != other.password()

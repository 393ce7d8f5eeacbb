"""The list survives a noisy room, a small keyboard and a second look at what it says."""

import hashlib
import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.pairing.words import WORDS, find_word, word_at
from satchel.errors import MisuseError

VOICELESS = str.maketrans("bdgvJ", "ptkfC")


def sound(word: str) -> str:
    """A coarse phonetic key: how it sounds across a noisy room, where b is p and all vowels are one."""
    for spelt, said in (
        (r"^[kg]n", "n"), (r"^wr", "r"), (r"^wh", "w"), (r"mb$", "m"), (r"ph", "f"), (r"sch", "sk"),
        (r"t?ch", "C"), (r"sh", "S"), (r"ght", "t"), (r"(?<!^)gh", ""), (r"[tcs]i(?=o|an|al)", "S"),
        (r"ture", "Cr"), (r"dge?", "J" if "dg" in word else "d"), (r"ck", "k"), (r"qu?", "kw"), (r"x", "ks"),
        (r"c(?=[eiy])", "s"), (r"c", "k"), (r"g(?=[eiy])", "J"), (r"j", "J"), (r"z", "s"), (r"th", "T"),
        (r"(?<!^)y", "i"), (r"(.)\1+", r"\1"), (r"(?<=[^aeiou])e$", ""), (r"[aeiou]+", "a"),
    ):  # fmt: skip
        word = re.sub(spelt, said, word)
    return word.translate(VOICELESS)


def blurred(word: str) -> set[str]:
    """The word with any one of its letters unreadable."""
    return {word[:at] + "?" + word[at + 1 :] for at in range(len(word))}


def test_there_are_1024_words_in_order() -> None:
    """Ten bits each: three of them are the 30 bits of a code."""
    assert len(WORDS) == len(set(WORDS)) == 1024
    assert list(WORDS) == sorted(WORDS)


def test_the_list_does_not_change() -> None:
    """A device with another list finds nobody: a changed list is a new version of the protocol."""
    joined = " ".join(WORDS).encode()
    assert (
        hashlib.sha256(joined).hexdigest()
        == "4acf94c0b2cbf6cc7f9a8037dc29e6419a742c95a88be2ad4ca9bc5382f25633"
    )


def test_every_word_is_three_to_eight_plain_letters() -> None:
    assert all(re.fullmatch(r"[a-z]{3,8}", word) for word in WORDS)


def test_four_letters_are_enough() -> None:
    assert len({word[:4] for word in WORDS}) == len(WORDS)


def test_another_letter_never_makes_another_word() -> None:
    seen: set[str] = set()
    for word in WORDS:
        assert not seen & blurred(word)
        seen |= blurred(word)


def test_a_letter_too_few_or_too_many_never_makes_another_word() -> None:
    for word in WORDS:
        assert not {word[:at] + word[at + 1 :] for at in range(len(word))}.intersection(WORDS)


def test_two_letters_that_change_places_never_make_another_word() -> None:
    known = set(WORDS)
    for word in WORDS:
        for at in range(len(word) - 1):
            swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            assert swapped == word or swapped not in known


def test_no_word_begins_with_another() -> None:
    assert not [pair for pair in combinations(WORDS, 2) if pair[1].startswith(pair[0])]


def test_no_two_words_sound_alike() -> None:
    assert sound("bear") == sound("pear")
    assert sound("knight") == sound("night")
    assert sound("phase") == sound("faze")
    assert len({sound(word) for word in WORDS}) == len(WORDS)


def test_nothing_that_hurts_or_frightens() -> None:
    """A sample of what the source has, and the list must not."""
    assert not {"abuse", "death", "gun", "kill", "rape", "satoshi", "slave", "ugly", "war"}.intersection(
        WORDS
    )


def test_every_word_is_found_in_every_form() -> None:
    for index, word in enumerate(WORDS):
        assert word_at(index) == word
        assert find_word(f"  {word.upper()} ") == index
        for length in range(min(4, len(word)), len(word) + 1):
            assert find_word(word[:length]) == index


@pytest.mark.parametrize("index", [-1, 1024])
def test_no_other_number_has_a_word(index: int) -> None:
    with pytest.raises(MisuseError):
        word_at(index)


@pytest.mark.parametrize("typed", ["", "app", "applesauce", "apple river", "äpple", "zzzzzz", "a" * 10_000])
def test_what_is_no_word_is_refused(typed: str) -> None:
    with pytest.raises(MisuseError):
        find_word(typed)


@pytest.mark.parametrize(("typed", "meant"), [("aple", "apple"), ("rivver", "river"), ("stonne", "stone")])
def test_the_nearest_word_is_asked_for(typed: str, meant: str) -> None:
    with pytest.raises(MisuseError) as caught:
        find_word(typed)
    assert meant in caught.value.do


def test_nothing_is_asked_for_when_nothing_is_near() -> None:
    with pytest.raises(MisuseError) as caught:
        find_word("zzzzzz")
    assert "Is it" not in caught.value.do


@given(st.text(max_size=20))
def test_any_text_is_a_word_or_refused(typed: str) -> None:
    try:
        index = find_word(typed)
    except MisuseError:
        return
    assert WORDS[index].startswith(typed.strip().lower())

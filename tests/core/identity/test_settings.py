"""What a person has set, out of whatever is stored [profile 9]."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.cli.parser_profile import SETTINGS
from satchel.core.identity.comparison import Language
from satchel.core.identity.settings import (
    CHOICES,
    Accept,
    Setting,
    Settings,
    choice_of,
    may_carry,
    settings_of,
)
from satchel.errors import MisuseError


def test_what_counts_where_nothing_is_stored() -> None:
    assert settings_of({}) == Settings()
    assert Settings() == Settings(language=None, quiet=False, accept=Accept.ASK, into=None, history=False)


def test_all_that_can_be_set() -> None:
    stored = {"language": b"fa", "quiet": b"on", "accept": b"verified", "into": b"/a\xff", "history": b"on"}
    assert settings_of({**stored, "carry": b"2000000000"}) == Settings(
        language=Language.PERSIAN,
        quiet=True,
        accept=Accept.VERIFIED,
        into=b"/a\xff",
        history=True,
        carry_bytes=2_000_000_000,
    )


@pytest.mark.parametrize(
    "carry", [b"", b"49999999", b"1000000000001", b"-5", b"500MB", b"9" * 5_000, "\u0665".encode() * 9]
)
def test_m3_room_that_cannot_be_is_as_if_none_were_set(carry: bytes) -> None:
    assert settings_of({"carry": carry}) == Settings()


def test_a_name_of_a_newer_program_means_nothing() -> None:
    assert settings_of({"colour": b"blue", "quiet": b"off"}) == Settings()


def test_a_value_of_a_newer_program_counts_as_the_careful_one() -> None:
    """[9.3] W1, M3, T1: nobody is announced, taken from unasked, or written about by mistake."""
    stored = dict.fromkeys(SETTINGS, b"something else")
    assert settings_of(stored) == Settings(quiet=True)


@pytest.mark.parametrize("setting", CHOICES)
def test_what_is_typed_is_one_of_a_list(setting: Setting) -> None:
    for choice in CHOICES[setting]:
        assert choice_of(setting, choice) == choice.encode()
    for wrong in ("", " ", CHOICES[setting][0].upper(), "nothing such"):
        with pytest.raises(MisuseError, match=f"{setting.value} has no such value"):
            choice_of(setting, wrong)


def test_the_command_line_knows_them_all() -> None:
    assert list(SETTINGS) == [setting.value for setting in Setting]


@given(st.dictionaries(st.sampled_from([*SETTINGS, "else"]), st.binary(max_size=40)))
def test_whatever_is_stored_is_some_settings(stored: dict[str, bytes]) -> None:
    settings = settings_of(stored)
    assert settings.into is None or settings.into.startswith(b"/")
    assert may_carry(settings.carry_bytes)
    assert not settings.history or stored["history"] == b"on"
    assert settings.accept is Accept.ASK or stored["accept"] == settings.accept.value.encode()

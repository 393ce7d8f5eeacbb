"""The first words of a session: what they change is on both disks, whatever is cut and whoever went back."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.opening.opening_kit import CLOCK_S, Side, session, sides, whole
from core.session.contact_kit import EPOCH
from core.session.session_kit import drawn
from satchel.core.crypto.aead import Suite
from satchel.core.identity.epochs import EPOCHS_AHEAD_MAX, EPOCHS_KEPT_BEHIND
from satchel.core.opening.codec import COUNTER_MAX, EPOCH_MAX
from satchel.core.opening.effects import Kept, Learned, Ready, Say, Store, WentBack, WeWentBack
from satchel.core.opening.messages import Hello, Stored
from satchel.core.opening.session import SPEAKS, TRANSITIONS, Input, Opening, Role, State
from satchel.errors import MisuseError, PeerError

DAY_S = 86_400
YEAR_2100_S = 4_102_444_800


def hello(**changed: object) -> Hello:
    said: dict[str, object] = {
        "agreed": EPOCH,
        "used": EPOCH,
        "counter": 1,
        "heard": 0,
        "clock_s": CLOCK_S,
        "plausible": True,
        "aes": True,
        "speaks": SPEAKS,
    }
    return Hello(**(said | changed))  # type: ignore[arg-type]


def later(side: Side, days: int) -> None:
    side.clock_s += days * DAY_S


def same_keys(one: Side, other: Side) -> None:
    """Each can dial the other with any agreed epoch that it has to try."""
    assert set(one.kept.epochs.tried) & set(other.kept.epochs.tried)


# --- epochs ----------------------------------------------------------------------------------------


def test_w4_a_session_moves_both_on_and_erases_what_was_before() -> None:
    amina, bilal = sides()
    for side in (amina, bilal):
        later(side, 9)
    whole(amina, bilal)
    for side in (amina, bilal):
        assert side.kept.epochs.tried == (EPOCH + 9,)
        for chain in (side.kept.epochs.speaking, side.kept.epochs.listening):
            assert chain.epoch == EPOCH + 9 - EPOCHS_KEPT_BEHIND
        assert side.saw(Ready) == [Ready(speaks=SPEAKS)]


@pytest.mark.parametrize("apart", [(-1, 0), (0, -1), (0, 1), (40, 40)])
def test_the_larger_day_is_agreed_on(apart: tuple[int, int]) -> None:
    amina, bilal = sides()
    later(amina, 5 + apart[0])
    later(bilal, 5 + apart[1])
    whole(amina, bilal)
    assert {side.kept.epochs.tried for side in (amina, bilal)} == {(EPOCH + 5 + max(apart),)}


@pytest.mark.parametrize("hours", [-23, 23])
def test_clocks_23_hours_apart_work_as_if_right(hours: int) -> None:
    amina, bilal = sides()
    for days in range(6):
        caller, listener = (amina, bilal) if days % 2 else (bilal, amina)
        amina.clock_s = bilal.clock_s + hours * 3600
        whole(caller, listener)
        later(bilal, 1)
    same_keys(amina, bilal)
    assert amina.saw(Learned)[-1] == Learned(ahead_s=-hours * 3600, plausible=True)
    assert bilal.saw(Learned)[-1] == Learned(ahead_s=hours * 3600, plausible=True)


@pytest.mark.parametrize("clock_s", [0, YEAR_2100_S])
def test_a_device_of_1970_or_2100_loses_no_contact_and_erases_nothing(clock_s: int) -> None:
    amina, bilal = sides()
    later(bilal, 30)
    amina.clock_s, amina.plausible = clock_s, False
    whole(amina, bilal)
    same_keys(amina, bilal)
    assert bilal.kept.epochs.agreed == EPOCH + 30
    assert amina.saw(Learned) == [Learned(ahead_s=bilal.clock_s - clock_s, plausible=True)]
    assert bilal.saw(Learned) == [Learned(ahead_s=clock_s - bilal.clock_s, plausible=False)]
    amina.clock_s, amina.plausible = bilal.clock_s, True
    whole(bilal, amina)


def test_one_boot_in_2100_believed_loses_no_contact() -> None:
    """A device that takes 2100 for now may meet nobody; set right again, it meets all as before."""
    amina, bilal = sides()
    amina.clock_s = YEAR_2100_S
    before = amina.kept
    whole(amina, bilal)  # by the agreed epoch: no chain reaches 2100
    assert amina.kept.epochs == before.epochs
    amina.clock_s = bilal.clock_s
    whole(bilal, amina)


def test_m3_an_epoch_that_no_clock_can_show_ends_the_session() -> None:
    amina, _ = sides()
    far = EPOCH + EPOCHS_AHEAD_MAX + 1
    for role, agreed in ((Role.LISTENER, EPOCH), (Role.CALLER, far)):
        opening = amina.opening(role)
        if role is Role.CALLER:
            opening.start()
            opening.stored()
        with pytest.raises(PeerError, match=r"^discovery 2\.6:"):
            opening.hear(hello(agreed=agreed, used=far))


def test_an_answer_that_agrees_on_less_is_refused() -> None:
    """The listener says what it has stored: else the caller would let go of keys that it still needs."""
    amina, _ = sides()
    later(amina, 3)
    for told in (hello(), hello(used=EPOCH + 3), hello(agreed=EPOCH + 2, used=EPOCH + 2)):
        opening = amina.opening(Role.CALLER)
        opening.start()
        opening.stored()
        with pytest.raises(PeerError, match=r"^session 4\.5:"):
            opening.hear(told)


def test_a_confirmation_of_another_epoch_is_refused() -> None:
    amina, _ = sides()
    for agreed in (EPOCH - 1, EPOCH + 1, 0, EPOCH_MAX):
        opening = amina.opening(Role.LISTENER)
        opening.hear(hello())
        opening.stored()
        with pytest.raises(PeerError, match=r"^session 4\.6:"):
            opening.hear(Stored(agreed=agreed))


# --- power cuts ------------------------------------------------------------------------------------


def steps(caller: Side, listener: Side) -> int:
    return sum(1 for _ in session(caller, listener))


def cut_after(caller: Side, listener: Side, count: int) -> None:
    """Power goes off on both sides after so many steps: what is stored stays."""
    running = session(caller, listener)
    for _ in range(count):
        if next(running, None) is None:
            break
    running.close()


def test_w4_a_cut_after_each_step_loses_no_contact_on_either_side() -> None:
    """And nobody says it has stored what it has not: no confirmation counts before its store."""
    total = steps(*fresh())
    assert total == 12
    for count in range(total + 1):
        for again in product((0, 1), (True, False)):
            amina, bilal = fresh()
            cut_after(amina, bilal, count)
            same_keys(amina, bilal)
            for side in (amina, bilal):
                later(side, 4)
                side.plausible = again[1]
            pair = (amina, bilal) if again[0] else (bilal, amina)
            whole(*pair)
            assert amina.kept.epochs.tried == bilal.kept.epochs.tried
            assert not amina.saw(WentBack) + bilal.saw(WentBack)
            assert not amina.saw(WeWentBack) + bilal.saw(WeWentBack)


def fresh() -> tuple[Side, Side]:
    amina, bilal = sides()
    later(amina, 9)
    later(bilal, 10)
    return amina, bilal


def test_three_sessions_cut_in_turn_leave_two_that_meet() -> None:
    """Each time who was called has stored, and who called never hears of it: so each may be at an epoch that
    the other never had."""
    amina, bilal = sides()
    amina.plausible = False
    for caller, listener in ((bilal, amina), (amina, bilal), (bilal, amina)):
        later(bilal, 1)
        cut_after(caller, listener, 6)
        same_keys(amina, bilal)
    bilal.plausible = False
    for caller, listener in ((bilal, amina), (amina, bilal)):
        whole(caller, listener)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),  # who calls
            st.integers(0, 12),  # steps until the cut
            st.tuples(st.integers(0, 3), st.integers(0, 3)),  # days that pass by each clock
            st.tuples(st.booleans(), st.booleans()),  # whose clock is believed
        ),
        max_size=8,
    )
)
def test_any_cuts_with_any_clocks_leave_two_that_meet(
    meetings: list[tuple[bool, int, tuple[int, int], tuple[bool, bool]]],
) -> None:
    amina, bilal = sides()
    for calls, count, days, plausible in meetings:
        for side, passed, believed in zip((amina, bilal), days, plausible, strict=True):
            later(side, passed)
            side.plausible = believed
        ahead = bilal.clock_s - amina.clock_s
        amina.clock_s += max(0, ahead - DAY_S // 2)  # what keeps them apart is tested with the flights
        bilal.clock_s += max(0, -ahead - DAY_S // 2)
        cut_after(*((amina, bilal) if calls else (bilal, amina)), count)
        same_keys(amina, bilal)
    assert not amina.saw(WentBack) + bilal.saw(WentBack)
    whole(amina, bilal)


# --- who went back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("restored_calls", [True, False])
def test_a_restored_profile_shows_itself_once_and_to_both(restored_calls: bool) -> None:
    amina, bilal = sides()
    whole(amina, bilal)
    backup = bilal.kept
    for _ in range(5):
        whole(amina, bilal)
    bilal.kept = backup
    whole(*((bilal, amina) if restored_calls else (amina, bilal)))
    assert amina.saw(WentBack) == [WentBack(told=2, known=6)]
    assert bilal.saw(WeWentBack) == [WeWentBack(told=2, known=6)]
    for number in range(4):
        whole(*((bilal, amina) if number % 2 else (amina, bilal)))
    assert len(amina.saw(WentBack)) == len(bilal.saw(WeWentBack)) == 1
    assert not amina.saw(WeWentBack) + bilal.saw(WentBack)


def test_who_went_back_and_never_learned_it_is_shown_until_it_does() -> None:
    """Power off after the contact has seen it, and before it could see it itself."""
    amina, bilal = sides()
    whole(amina, bilal)
    backup = bilal.kept
    for _ in range(5):
        whole(amina, bilal)
    bilal.kept = backup
    cut_after(bilal, amina, 6)
    assert not bilal.saw(WeWentBack)
    whole(bilal, amina)
    assert amina.saw(WentBack) == [WentBack(told=2, known=6), WentBack(told=3, known=6)]
    assert bilal.saw(WeWentBack) == [WeWentBack(told=3, known=6)]


def test_two_devices_with_one_profile_show_themselves_each_time_that_it_is_the_others_turn() -> None:
    """Not by the first of them that meets the contact, which nobody can tell, but by the one after it."""
    amina, bilal = sides()
    whole(amina, bilal)
    copy = Side("bilal", "amina")
    copy.kept = bilal.kept
    whole(copy, amina)
    assert not amina.saw(WentBack)
    whole(amina, bilal)
    assert amina.saw(WentBack) == [WentBack(told=2, known=2)]
    assert bilal.saw(WeWentBack) == [WeWentBack(told=2, known=2)]
    whole(copy, amina)
    whole(copy, amina)
    whole(amina, bilal)
    assert len(amina.saw(WentBack)) == len(bilal.saw(WeWentBack)) == 2


def test_a_restored_profile_of_months_ago_is_met_by_its_clock() -> None:
    amina, bilal = sides()
    backup = bilal.kept
    for side in (amina, bilal):
        later(side, 60)
    whole(amina, bilal)
    bilal.kept = backup
    whole(bilal, amina)
    assert amina.saw(WentBack)
    whole(amina, bilal)


def test_m3_a_contact_that_tells_any_counter_harms_only_what_it_sees() -> None:
    amina, bilal = sides()
    opening = amina.opening(Role.LISTENER)
    effects = opening.hear(hello(counter=COUNTER_MAX, heard=COUNTER_MAX))
    assert WeWentBack(told=1, known=COUNTER_MAX) in effects
    amina.kept = next(effect.kept for effect in effects if isinstance(effect, Store))
    assert amina.kept.counter == COUNTER_MAX
    whole(amina, bilal)
    whole(bilal, amina)


# --- what is said ----------------------------------------------------------------------------------


@pytest.mark.parametrize("both", list(product((True, False), repeat=2)))
def test_a_suite_is_of_both(both: tuple[bool, bool]) -> None:
    amina, bilal = sides()
    amina.aes, bilal.aes = both
    whole(amina, bilal)
    expected = Suite.AES_256_GCM if all(both) else Suite.CHACHA20_POLY1305
    assert amina.suite == bilal.suite == expected


def test_the_listener_says_nothing_before_it_has_stored() -> None:
    amina, _ = sides()
    opening = amina.opening(Role.LISTENER, beside=drawn("other session", 32))
    effects = opening.hear(hello(used=EPOCH + 1))
    assert [type(effect) for effect in effects] == [Learned, Store]
    said = opening.stored()
    assert isinstance(said[0], Say)
    assert isinstance(said[0].message, Hello)
    assert said[0].message.agreed == EPOCH + 1
    assert said[0].message.beside == drawn("other session", 32)


@pytest.mark.parametrize(("theirs", "spoken"), [(1, 1), (SPEAKS, SPEAKS), (7, SPEAKS)])
def test_what_both_know_is_spoken(theirs: int, spoken: int) -> None:
    """An older program is not sent what it would refuse, nor a newer one what nobody knows here."""
    amina, _ = sides()
    opening = amina.opening(Role.LISTENER)
    opening.hear(hello(speaks=theirs))
    opening.stored()
    opening.hear(Stored(agreed=EPOCH))
    assert opening.stored() == [Ready(speaks=spoken)]


def test_a_clock_before_1970_is_told_as_1970() -> None:
    amina, _ = sides()
    opening = Opening(Role.CALLER, amina.kept, day=None, clock_s=-5, plausible=False, aes=False)
    opening.start()
    [said] = opening.stored()
    assert isinstance(said, Say)
    assert isinstance(said.message, Hello)
    assert said.message.clock_s == 0


WAYS = {
    Role.CALLER: (Input.START, Input.DURABLE, Input.HELLO, Input.DURABLE),
    Role.LISTENER: (Input.HELLO, Input.DURABLE, Input.STORED, Input.DURABLE),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("event", Input)
@pytest.mark.parametrize("steps", range(5))
def test_each_input_in_each_state_is_in_the_table_or_refused(role: Role, event: Input, steps: int) -> None:
    amina, _ = sides()
    opening = amina.opening(role)
    for passed in WAYS[role][:steps]:
        give(opening, passed)
    before = opening.state
    if (before, event) in TRANSITIONS[role]:
        give(opening, event)
        assert opening.state is TRANSITIONS[role][before, event]
    elif event in (Input.HELLO, Input.STORED):
        with pytest.raises(PeerError, match=r"^session 4\.4:"):
            give(opening, event)
    else:
        with pytest.raises(MisuseError):
            give(opening, event)
    reached = {state for of_role in TRANSITIONS.values() for state in of_role.values()}
    assert reached | {State.NEW} == set(State)


def give(opening: Opening, event: Input) -> None:
    match event:
        case Input.START:
            opening.start()
        case Input.DURABLE:
            opening.stored()
        case Input.HELLO:
            opening.hear(hello())
        case Input.STORED:
            opening.hear(Stored(agreed=EPOCH))


def test_kept_is_what_a_restart_needs() -> None:
    """No state outside of it: two devices that restart before each session go on."""
    amina, bilal = sides()
    for _ in range(3):
        whole(amina, bilal)
        amina.kept, bilal.kept = (replace(side.kept) for side in (amina, bilal))
    assert (amina.kept.counter, amina.kept.heard) == (3, 3)
    assert isinstance(amina.kept, Kept)

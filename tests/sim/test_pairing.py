"""The product's own pairing by picture, over a line that is as bad as can be, and beside who lies."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from satchel.core.crypto.curve import x25519_public
from satchel.core.identity.pair import Pair
from satchel.core.pairing.effects import Effect
from satchel.core.pairing.exchange import FLIGHT_BYTES
from satchel.core.pairing.keys import TAKER_RANDOM_BYTES, TakerKeys
from satchel.core.pairing.picture import FILL_BYTES
from satchel.core.pairing.taking import PictureTaker, State, Taking
from satchel.sim.device import START_S
from satchel.sim.line import ADDRESS, PORT, Line, Trouble
from satchel.sim.pairing import Call, Person, compare
from satchel.sim.world import World

YEAR_1970, YEAR_2100 = -START_S, 73 * 365 * 86_400
HOURS_23 = 23 * 3600
SEEDS = 12
TROUBLES = {
    "cut": Trouble(cut=0.25),
    "lost": Trouble(lose=0.25),
    "repeated and late": Trouble(repeat=0.25, late=0.25),
    "changed": Trouble(change=0.25),
    "replayed": Trouble(replace=0.35),
    "power": Trouble(power=0.5),
    "all": Trouble(cut=0.05, lose=0.05, repeat=0.05, late=0.05, change=0.05, replace=0.05, power=0.05),
}


def fits(one: Pair, other: Pair) -> bool:
    """Whether the two are the two sides of one pair."""
    return (
        x25519_public(one.static) == other.their_static
        and x25519_public(other.static) == one.their_static
        and one.epochs
        == replace(other.epochs, speaking=other.epochs.listening, listening=other.epochs.speaking)
        and one.letters_speaking == other.letters_listening
        and one.letters_listening == other.letters_speaking
    )


class Two:
    """One shows, and one scans; `is_alone`: no third device has seen the screen."""

    def __init__(
        self, seed: int, trouble: Trouble, *, wrong_s: tuple[int, int] = (0, 0), is_alone: bool = True
    ) -> None:
        self.world = World(seed)
        self.line = Line(self.world, replace(trouble))
        self.host = Person(self.line, "host", wrong_s=wrong_s[0])
        self.taker = Person(self.line, "taker", wrong_s=wrong_s[1])
        self.is_alone = is_alone
        self.trace: list[tuple[float, bool, bool]] = []

    def begin(self, *, tries_again: bool = True) -> None:
        self.taker.scan(self.host.show())
        self.call(tries_again=tries_again)

    def call(self, *, tries_again: bool = True) -> None:
        Call(self.line, self.host, self.taker, tries_again=tries_again).start()

    def flight_of_taker(self) -> bytes:
        """As if its first connection had been cut behind it."""
        assert self.taker.camera is not None
        fill = bytes(FILL_BYTES)
        return self.taker.camera.call(address=ADDRESS, port=PORT, fill=fill).first_bytes

    def check(self) -> None:
        """After every event."""
        host, taker = self.host.pair, self.taker.pair
        for person in (self.host, self.taker):
            assert person.is_confirmed is (person.pair is not None and person.pair.proof.is_verified)
        assert self.host.is_confirmed is self.taker.is_confirmed
        if self.taker.is_confirmed or (self.is_alone and taker is not None):
            assert host is not None  # who showed stores first
            assert taker is not None
            assert fits(host, taker)
        if self.is_alone:
            assert self.host.others_seen == self.taker.others_seen == 1
            assert not self.taker.was_taken
        self.trace.append((self.world.now_s, host is None, taker is None))

    def run(self, within_s: float) -> None:
        self.world.run(self.world.now_s + within_s, self.check)

    def compare(self) -> bool:
        same = compare(self.host, self.taker)
        self.check()
        return same

    def end_well(self) -> None:
        """The trouble is over: what they began goes on, or they begin again, once."""
        self.line.trouble.end()
        self.run(30.0)
        if not self.compare():
            self.begin()
            self.run(30.0)
            assert self.compare()
        assert self.host.is_confirmed
        assert self.taker.is_confirmed


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_p2_a_bad_line_leaves_both_with_one_pair_or_goes_on_until_it_does(trouble: Trouble) -> None:
    paired_in_trouble = 0
    for seed in range(SEEDS):
        two = Two(seed, trouble)
        two.begin()
        two.run(60.0)
        paired_in_trouble += two.taker.pair is not None
        two.end_well()
    assert paired_in_trouble  # or the trouble was a wall


@pytest.mark.parametrize("cut_after", range(1, 8))
def test_a_cut_at_any_frame_goes_on_with_the_same_picture(cut_after: int) -> None:
    """Also of that which says that the host has stored: its second pair takes the place of the first."""

    class CutOnce(Line):
        passed = 0

        def passing(self, frame: bytes) -> list[bytes] | None:
            self.passed += 1
            return None if self.passed == cut_after else super().passing(frame)

    two = Two(cut_after, Trouble())
    two.line = two.host.line = two.taker.line = CutOnce(two.world, Trouble())
    two.begin()
    two.run(30.0)
    assert two.compare()


@pytest.mark.parametrize(
    "wrong_s",
    [(YEAR_1970, 0), (0, YEAR_1970), (YEAR_2100, 0), (YEAR_1970, YEAR_2100), (-HOURS_23, HOURS_23)],
)
def test_wrong_clocks_on_the_cards_pair_as_if_they_were_right(wrong_s: tuple[int, int]) -> None:
    for seed in range(3):
        two = Two(seed, TROUBLES["all"], wrong_s=wrong_s)
        two.begin()
        two.run(60.0)
        two.end_well()
        assert two.host.pair is not None
        assert two.host.pair.epochs.agreed <= (START_S + HOURS_23) // 86_400 + 1


def test_p3_who_replays_what_was_recorded_gets_no_pair_and_stops_nobody_for_long() -> None:
    for seed in range(SEEDS):
        two = Two(seed, Trouble())
        two.begin(tries_again=False)
        two.run(30.0)  # all is recorded
        assert two.taker.pair is not None
        two.host.forget()  # and it went wrong on one screen
        two.taker.forget()
        two.taker.scan(two.host.show())
        two.line.recorded[FLIGHT_BYTES].append(two.flight_of_taker())
        for at in range(20):
            two.world.at(two.world.now_s + 0.5 * at, Call(two.line, two.host, None).start)
        two.run(10.0)
        assert two.host.pair is None
        two.call()
        two.run(40.0)  # by the same picture: what was replayed is counted as this taker, and times out
        assert two.compare()


def test_p2_who_saw_the_screen_too_is_shown_and_never_a_contact() -> None:
    was_first = 0
    for seed in range(SEEDS):
        two = Two(seed, TROUBLES["all"], is_alone=False)
        liar = Person(two.line, "liar")
        two.begin()
        assert two.host.screen is not None
        liar.scan(two.host.screen.picture)
        Call(two.line, two.host, liar).start()
        two.run(60.0)
        if liar.pair is not None and two.host.pair is not None and fits(two.host.pair, liar.pair):
            was_first += 1
            assert not two.compare()
        two.end_well()
        assert liar.pair is None or two.host.pair is None or not fits(two.host.pair, liar.pair)
    assert 0 < was_first < SEEDS


class Grinding(Call):
    """Hears the host's confirmation, which the words depend on, and hangs up to try other keys."""

    confirmations = 0

    def _carry_out_taker(self, taking: Taking, taker: Person, effects: Sequence[Effect]) -> None:
        if taking.state is State.ACCEPTED:
            Grinding.confirmations += 1
            self.tries_again = False
            self.cut()
        else:
            super()._carry_out_taker(taking, taker, effects)


@pytest.mark.parametrize("same_keys", [False, True])
def test_p2_who_sits_between_with_a_picture_of_his_own_and_grinds_is_found_by_the_words(
    same_keys: bool,
) -> None:
    for seed in range(2):
        Grinding.confirmations = 0
        two = Two(seed, Trouble(), is_alone=False)
        liar, false = Person(two.line, "liar"), Person(two.line, "false host")
        picture = two.host.show()
        two.taker.scan(false.show())
        Call(two.line, false, two.taker).start()
        keys = TakerKeys.from_random(two.world.chance.randbytes(TAKER_RANDOM_BYTES))
        for _ in range(20):
            liar.scan(picture)
            if same_keys:  # the host's nonce alone makes other words
                liar.camera = PictureTaker(picture, keys=keys, card=liar.card)
            Grinding(two.line, two.host, liar).start()
            two.run(10.0)
        assert two.host.pair is None
        assert Grinding.confirmations == 16  # and then the picture is worn out
        assert two.taker.pair is not None
        liar.scan(two.host.show())
        Call(two.line, two.host, liar).start()
        two.run(10.0)
        assert two.host.pair is not None
        assert not two.compare()
        assert (two.host.pair, two.taker.pair) == (None, None)
        two.end_well()


def test_one_seed_is_one_run() -> None:
    def trace(seed: int) -> list[tuple[float, bool, bool]]:
        two = Two(seed, TROUBLES["all"])
        two.begin()
        two.run(60.0)
        return two.trace

    assert trace(5) == trace(5) != trace(6)

"""Who gives what next: every word in every state of one side, and who lies (M3)."""

from collections.abc import Callable
from itertools import product

import pytest

from core.session.session_kit import drawn
from satchel.core.delivery.effects import Consider, DialBeside, Effect, Give, Left, MayComeAgain, Receive, Say
from satchel.core.delivery.messages import Beside, Bye, Come, Leave, LeaveReason, Message, Take, Waits
from satchel.core.delivery.turns import Giving, Taking, Turns
from satchel.errors import MisuseError, PeerError

PORT = 40_123
OURS, THEIRS, NEXT, UNHEARD_OF = (drawn(name, 16) for name in ("ours", "theirs", "next", "unheard of"))
SECRET, THEIR_SECRET = drawn("our secret", 32), drawn("their secret", 32)


def offer(turns: Turns, *, accepted: bool = False) -> list[Effect]:
    return turns.offer(OURS, secret=SECRET, accepted=accepted, port=PORT)


def waits(id: bytes = THEIRS, *, accepted: bool = False, port: int = PORT) -> Waits:
    return Waits(id=id, secret=THEIR_SECRET, accepted=accepted, port=port)


def offered(turns: Turns) -> None:
    offer(turns)


def giving(turns: Turns) -> None:
    offer(turns)
    turns.hear(Take(id=OURS, port=PORT))


def considering(turns: Turns) -> None:
    turns.hear(waits())


def taking(turns: Turns) -> None:
    turns.hear(waits())
    turns.take(port=PORT)


def holding(turns: Turns) -> None:
    taking(turns)
    turns.hear(waits(NEXT))


GIVING = {"idle": lambda _turns: None, "offered": offered, "running": giving}
TAKING = {
    "idle": lambda _turns: None,
    "considering": considering,
    "running": taking,
    "running and one more": holding,
}
HEARD: dict[str, Message] = {
    "Waits": waits(UNHEARD_OF),
    "Take": Take(id=OURS, port=PORT),
    "Take of their own": Take(id=THEIRS, port=PORT),
    "Take of another": Take(id=UNHEARD_OF, port=PORT),
    "Leave": Leave(id=OURS, reason=LeaveReason.NOT_NOW),
    "Leave of another": Leave(id=UNHEARD_OF, reason=LeaveReason.NOT_NOW),
    "Come": Come(),
    "Bye": Bye(),
}
DONE: dict[str, Callable[[Turns], object]] = {
    "offer": offer,
    "given": Turns.given,
    "take": lambda turns: turns.take(port=PORT),
    "leave": lambda turns: turns.leave(LeaveReason.REFUSED),
    "received": Turns.received,
    "come": Turns.come,
    "offered_secret": lambda turns: turns.offered_secret,
}
OF_GIVING = {  # what is due in which state; what stands in neither table is always due
    "Take": {"offered"},
    "Leave": {"offered"},
    "Take of their own": set(),
    "Take of another": set(),
    "Leave of another": set(),
    "offer": {"idle"},
    "given": {"running"},
}
OF_TAKING = {
    "Waits": {"idle", "running"},
    "take": {"considering"},
    "leave": {"considering"},
    "received": {"running", "running and one more"},
    "offered_secret": {"considering"},
}


@pytest.mark.parametrize(("gives", "takes"), list(product(GIVING, TAKING)))
@pytest.mark.parametrize("word", [*HEARD, *DONE])
def test_every_word_in_every_state(gives: str, takes: str, word: str) -> None:
    """The two directions do not wait for each other: whether a word is due is a matter of one of them."""
    turns = Turns(we_dialled=True)
    GIVING[gives](turns)
    TAKING[takes](turns)
    states = (turns.giving, turns.taking)
    is_due = gives in OF_GIVING.get(word, GIVING) and takes in OF_TAKING.get(word, TAKING)
    if word in HEARD and not is_due:
        clause = "3.2" if word == "Waits" else "3.4"
        with pytest.raises(PeerError, match=rf"^delivery {clause}:"):
            turns.hear(HEARD[word])
    elif word in HEARD:
        turns.hear(HEARD[word])
    elif not is_due:
        with pytest.raises(MisuseError):
            DONE[word](turns)
    else:
        DONE[word](turns)
    if not is_due:
        assert (turns.giving, turns.taking) == states


def test_the_pipe_for_letters_is_spoken_of_where_both_know_it() -> None:
    """custody 6.7"""
    dialled, was_dialled = (Turns(we_dialled=we, has_beside=True) for we in (True, False))
    [said] = was_dialled.beside(secret=SECRET, port=PORT)
    assert isinstance(said, Say)
    assert dialled.hear(said.message) == [DialBeside(secret=SECRET, port=PORT)]
    for hearer in (was_dialled, Turns(we_dialled=True)):
        with pytest.raises(PeerError, match=r"^custody 6\.7:"):
            hearer.hear(said.message)
    with pytest.raises(PeerError, match=r"^delivery 2\.6:"):
        Turns(we_dialled=True, has_beside=True).hear(Beside(secret=SECRET, port=80))
    for speaker in (dialled, Turns(we_dialled=False)):
        with pytest.raises(MisuseError):
            speaker.beside(secret=SECRET, port=PORT)


def test_what_one_side_does_for_the_other() -> None:
    dialled, was_dialled = Turns(we_dialled=True), Turns(we_dialled=False)
    [says] = was_dialled.offer(OURS, secret=SECRET, accepted=True, port=PORT)
    assert says == Say(message=Waits(id=OURS, secret=SECRET, accepted=True, port=PORT))
    assert dialled.hear(says.message) == [Consider(id=OURS, accepted=True)]
    assert dialled.offered_secret == SECRET
    take, receive = dialled.take(port=0)
    assert take == Say(message=Take(id=OURS, port=0))
    assert receive == Receive(id=OURS, port=PORT)
    assert was_dialled.hear(Take(id=OURS, port=0)) == [Give(id=OURS, port=0)]
    assert dialled.received() == []
    was_dialled.given()
    assert (was_dialled.giving, dialled.taking) == (Giving.IDLE, Taking.IDLE)


def test_only_who_was_dialled_says_where_to_dial() -> None:
    dialled, was_dialled = Turns(we_dialled=True), Turns(we_dialled=False)
    assert offer(dialled) == [Say(message=Waits(id=OURS, secret=SECRET, accepted=False, port=0))]
    was_dialled.hear(waits(OURS, port=0))
    assert was_dialled.take(port=PORT)[0] == Say(message=Take(id=OURS, port=PORT))
    assert dialled.hear(Take(id=OURS, port=PORT)) == [Give(id=OURS, port=PORT)]


@pytest.mark.parametrize("port", [-1, 0, 1023, 65_536])
def test_a_port_below_1024_is_not_told(port: int) -> None:
    with pytest.raises(MisuseError):
        Turns(we_dialled=False).offer(OURS, secret=SECRET, accepted=False, port=port)


def test_a_word_for_the_next_one_waits_until_the_one_before_is_put_away() -> None:
    turns = Turns(we_dialled=True)
    taking(turns)
    assert turns.hear(waits(NEXT, accepted=True)) == []
    assert turns.received() == [Consider(id=NEXT, accepted=True)]
    assert turns.taking is Taking.CONSIDERING
    assert turns.leave(LeaveReason.HAS_IT) == [
        Say(message=Leave(id=NEXT, reason=LeaveReason.HAS_IT)),
    ]


# --- not now, and come ---------------------------------------------------------------------------------


def test_what_changed_while_we_thought_is_told_after_our_word() -> None:
    """Else the contact hears Come, then Leave, and what was left stays where it is until another session."""
    turns = Turns(we_dialled=True)
    turns.hear(waits())
    assert turns.come() == [Say(message=Come())]
    said = turns.leave(LeaveReason.NOT_NOW)
    assert said == [Say(message=Leave(id=THEIRS, reason=LeaveReason.NOT_NOW)), Say(message=Come())]


@pytest.mark.parametrize("reason", set(LeaveReason) - {LeaveReason.NOT_NOW})
def test_what_is_over_is_not_called_for(reason: LeaveReason) -> None:
    turns = Turns(we_dialled=True)
    turns.hear(waits(accepted=True))
    turns.come()
    assert turns.leave(reason) == [Say(message=Leave(id=THEIRS, reason=reason))]


def test_m3_not_now_is_no_endless_conversation() -> None:
    """A Come is said again for one Leave at most: offer and answer would go round and round."""
    turns = Turns(we_dialled=True)
    turns.come()
    for _ in range(3):
        turns.hear(waits())
        assert len(turns.leave(LeaveReason.NOT_NOW)) == 1
    turns.hear(waits())
    turns.come()
    turns.leave(LeaveReason.NOT_NOW)
    turns.hear(waits())
    assert len(turns.leave(LeaveReason.NOT_NOW)) == 1


def test_m3_a_thousand_comes_are_worth_no_more_than_one() -> None:
    """Each lets the owner look at all that was left: it must have been left since."""
    turns = Turns(we_dialled=True)
    assert turns.hear(Come()) == []
    for _ in range(3):
        offer(turns)
        assert turns.hear(Come()) == []
        turns.hear(Leave(id=OURS, reason=LeaveReason.NOT_NOW))
        assert [turns.hear(Come()) for _ in range(1000)] == [[MayComeAgain()], *[[]] * 999]
    offer(turns)
    turns.hear(Leave(id=OURS, reason=LeaveReason.REFUSED))
    assert turns.hear(Come()) == []


# --- who lies ------------------------------------------------------------------------------------------


def test_m3_what_was_never_accepted_is_not_unknown() -> None:
    """Unknown lets the giver offer anew at once: said of everything, that would have no end."""
    turns = Turns(we_dialled=True)
    offer(turns)
    with pytest.raises(PeerError, match=r"^delivery 2\.4:"):
        turns.hear(Leave(id=OURS, reason=LeaveReason.UNKNOWN))
    turns = Turns(we_dialled=True)
    offer(turns, accepted=True)
    assert turns.hear(Leave(id=OURS, reason=LeaveReason.UNKNOWN)) == [
        Left(id=OURS, reason=LeaveReason.UNKNOWN)
    ]


def test_we_do_not_say_that_either() -> None:
    turns = Turns(we_dialled=True)
    turns.hear(waits())
    with pytest.raises(MisuseError):
        turns.leave(LeaveReason.UNKNOWN)


@pytest.mark.parametrize("port", [1, 1023, 1024, PORT, 65_535])
def test_p1_we_dial_nobody_who_dialled_us(port: int) -> None:
    """A port, however small, of who has dialled: it would be dialled by who must not."""
    turns = Turns(we_dialled=False)
    with pytest.raises(PeerError, match=r"^delivery 2\.6:"):
        turns.hear(waits(port=port))
    offer(turns)
    with pytest.raises(PeerError, match=r"^delivery 2\.6:"):
        turns.hear(Take(id=OURS, port=port))
    assert turns.giving is Giving.OFFERED


@pytest.mark.parametrize("port", [0, 1, 22, 1023])
def test_m3_a_contact_makes_us_dial_no_service_of_a_system(port: int) -> None:
    """Ports below 1024 are where other programs listen, which would hear from us without having asked."""
    turns = Turns(we_dialled=True)
    with pytest.raises(PeerError, match=r"^delivery 2\.6:"):
        turns.hear(waits(port=port))
    offer(turns)
    with pytest.raises(PeerError, match=r"^delivery 2\.6:"):
        turns.hear(Take(id=OURS, port=port))

"""Asking for a passphrase: the one that opens a profile, or a new one."""

from functools import partial

from satchel.cli.show import Show
from satchel.core.crypto.stretch import SALT_BYTES, stretch
from satchel.core.identity.keyfile import Cost, Sealed, choose_cost, seal, unseal
from satchel.core.identity.passphrase import prepare
from satchel.core.pairing.words import word_at
from satchel.errors import AccessDenied, MisuseError, NothingToDo
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.node.hardware import memory_kib, processors

TRIES = 3  # in a terminal; a script gets one
OFFERED_WORDS = 5
CHARACTERS_MIN = 8
_WORD_BITS = 10
_DRAWN_BYTES = 7  # 56 bits, of which 50 are used


def open_with_passphrase(file: Sealed, show: Show) -> bytes:
    """Ask until the key file opens: the key. Raises AccessDenied, NothingToDo: no line came."""
    tries = TRIES if show.console.is_typed_at else 1
    while True:
        tries -= 1
        show.ask("passphrase")
        typed = show.console.read_secret("Passphrase of this profile: ")
        if typed is None:
            raise NothingToDo(
                "No passphrase was given.",
                safe="Nothing was changed.",
                do="Start again, and type it; a script gives it as the first line of standard input.",
            )
        try:
            return unseal(file, typed)
        except AccessDenied as wrong:
            if not tries:
                raise
            show.error(wrong)


def ask_new(show: Show) -> str:
    """A new passphrase: five random words that are offered, or what the person makes up.

    Raises MisuseError, NothingToDo: none was given.
    """
    offered = offer_words()
    in_terminal = show.console.is_typed_at
    show.ask("new passphrase", offered=offered)
    while True:
        typed = show.console.read_secret("New passphrase (Enter takes the offered one): ")
        if typed is None:
            raise NothingToDo(
                "No new passphrase was given.",
                safe="Nothing was changed.",
                do="Start again; an empty line takes the words that are offered.",
            )
        chosen = typed or offered
        try:
            refuse_weak(chosen)
        except MisuseError as weak:
            if not in_terminal:
                raise
            show.error(weak)
            continue
        if not in_terminal:
            return chosen
        again = show.console.read_secret("The same again, so that no mistake locks you out: ")
        if again == chosen:
            return chosen
        show.note("These were not the same. Once more:")


def draw_words(chance: bytes) -> str:
    """Five of 1,024 words: 50 bits [profile 3.3]."""
    bits = int.from_bytes(chance, "big")
    mask = (1 << _WORD_BITS) - 1
    return " ".join(word_at(bits >> _WORD_BITS * place & mask) for place in range(OFFERED_WORDS))


def offer_words() -> str:
    """Five words for a new passphrase."""
    return draw_words(SystemEntropy().draw(_DRAWN_BYTES))


def seal_here(key: bytes, passphrase: str, show: Show | None = None) -> Sealed:
    """The key file for a new passphrase, at a cost of about a second on this machine."""
    if show is not None:
        show.note("Making each guess cost about a second on this machine ...")
    cost = choose_cost(memory_kib=memory_kib(), processors=processors(), seconds=_measure)
    return seal(key, passphrase, salt=SystemEntropy().draw(SALT_BYTES), cost=cost)


def _measure(cost: Cost) -> float:
    work = partial(stretch, memory_kib=cost.memory_kib, passes=cost.passes, lanes=cost.lanes)
    began_s = clock.monotonic_s()
    work(b"how long does it take", salt=bytes(SALT_BYTES))
    return clock.monotonic_s() - began_s


def refuse_weak(chosen: str) -> None:
    """Raises MisuseError."""
    prepare(chosen)
    if len(chosen) < CHARACTERS_MIN:
        raise MisuseError(
            f"A passphrase of fewer than {CHARACTERS_MIN} characters is soon guessed by who has the disk.",
            safe="Nothing was changed.",
            do="Take the words that are offered, or something longer.",
        )

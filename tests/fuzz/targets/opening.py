"""core/opening: what a contact tells first, to who dialled and to who was dialled (W4, M3)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.vectors import drawn, of_kind
from satchel.core.identity.epochs import EPOCHS_KEPT_BEHIND, Epochs, begin
from satchel.core.opening.codec import COUNTER_MAX, MESSAGE_BYTES_MAX, decode, encode
from satchel.core.opening.effects import Kept, Ready, Say, Store
from satchel.core.opening.messages import Hello, Stored
from satchel.core.opening.session import Opening, Role, State
from satchel.errors import PeerError

EPOCH = 20_800
NEXT = 10
CALLER, LISTENER, RESTORED_CALLER, RESTORED_LISTENER = range(4)


def check(data: bytes) -> bool:
    feed = Feed(data)
    which = feed.number(4)
    role = Role.CALLER if which in (CALLER, RESTORED_CALLER) else Role.LISTENER
    before = kept(went_back=which in (RESTORED_CALLER, RESTORED_LISTENER))
    opening = Opening(
        role, before, day=EPOCH + NEXT, clock_s=(EPOCH + NEXT) * 86_400, plausible=True, aes=True
    )
    disk, said, is_ready = before, 0, False
    effects = opening.start() if role is Role.CALLER else []
    while True:
        while effects:
            effect = effects.pop(0)
            match effect:
                case Store(kept=disk):
                    sound(disk, before.epochs)
                    effects += opening.stored()
                case Say(message=message):
                    said += 1
                    assert decode(body := encode(message)) == message
                    assert len(body) <= MESSAGE_BYTES_MAX
                    assert message.agreed == disk.epochs.agreed  # nothing is said that was not stored
                case Ready():
                    is_ready = True
                case _:
                    pass
        if not feed:
            break
        try:
            body = feed.piece()
            heard = decode(body)
            assert encode(heard) == body
            effects = opening.hear(heard)
        except PeerError:
            break
    assert is_ready is (opening.state is State.OPEN)
    assert said <= 2
    return is_ready


def kept(*, went_back: bool) -> Kept:
    epochs = begin(epoch=EPOCH, speaking=drawn("speaking", 32), listening=drawn("listening", 32))
    return Kept(
        epochs=epochs.agree(EPOCH + 1, EPOCH + 1, stored=EPOCH),
        counter=1 if went_back else 16,
        heard=1 if went_back else 16,
    )


def sound(disk: Kept, before: Epochs) -> None:
    """Whatever a contact says, what both may still need is there, and counters do not go back."""
    epochs = disk.epochs
    assert epochs.agreed >= before.agreed
    for epoch in epochs.tried:
        for chain in (epochs.speaking, epochs.listening):
            assert chain.reaches(epoch)
    assert epochs.speaking.epoch == epochs.listening.epoch <= epochs.agreed - EPOCHS_KEPT_BEHIND
    assert disk.counter <= COUNTER_MAX
    assert disk.heard <= COUNTER_MAX


def seeds() -> Iterator[bytes]:
    for which in (CALLER, LISTENER, RESTORED_CALLER, RESTORED_LISTENER):
        for vector in of_kind("session", "message"):
            yield bytes((which,)) + as_piece(bytes.fromhex(vector["bytes"]))
        for used in (EPOCH + 1, EPOCH + NEXT, EPOCH + NEXT + 3):
            agreed = used if which in (CALLER, RESTORED_CALLER) else EPOCH
            for stored in (used, max(used, EPOCH + NEXT)):
                words = (hello(agreed, used), Stored(agreed=stored))
                yield bytes((which,)) + b"".join(as_piece(encode(word)) for word in words)


def hello(agreed: int, used: int) -> Hello:
    return Hello(
        agreed=agreed,
        used=used,
        counter=17,
        heard=16,
        clock_s=1_797_163_200,
        plausible=True,
        aes=False,
        speaks=1,
    )

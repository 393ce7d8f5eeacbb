"""core/pairing/typist: answers and confirmations of whoever was dialled for a code (P2)."""

from collections.abc import Iterator

from fuzz.feed import Feed, as_piece
from fuzz.targets.code_flight import ADDRESS, CODE, PORT
from fuzz.vectors import drawn, of_kind
from satchel.core.crypto.cpace import share as cpace_share
from satchel.core.pairing.exchange import (
    HOST_FILL_BYTES,
    SCALAR_BYTES,
    SHARE_BYTES,
    TYPIST_FILL_BYTES,
    code_generator,
    host_flight,
    settle,
)
from satchel.core.pairing.typist import ANSWERING_HOSTS_MAX, Typist
from satchel.errors import AccessDenied, PeerError

AS_IT_CAME, WITH_A_SHARE, HOST = range(3)
SCALAR = drawn("host scalar", SCALAR_BYTES)
FILL = bytes(HOST_FILL_BYTES)
RIGHT_ANSWER = host_flight(share=cpace_share(code_generator(CODE), SCALAR), fill=FILL)
CONFIRM_RIGHTLY = 1


def check(data: bytes) -> bool:
    feed = Feed(data)
    typist = Typist(CODE)
    confirmed = matches = calls = 0
    while feed:
        calls += 1
        scalar = drawn(f"typist {calls}", SCALAR_BYTES)
        call = typist.call(address=ADDRESS, port=PORT, scalar=scalar, fill=bytes(TYPIST_FILL_BYTES))
        kind = feed.number(3)
        if kind == HOST:
            answer = RIGHT_ANSWER
        else:
            answer = feed.piece() if kind == AS_IT_CAME else feed.exactly(SHARE_BYTES) + FILL
        try:
            call.hear_answer(answer)
        except (PeerError, AccessDenied):
            continue
        confirmed += 1
        right = b""
        if answer == RIGHT_ANSWER:
            secrets = settle(
                scalar=SCALAR, typist_flight=call.flight, host_flight=RIGHT_ANSWER, is_typist=False
            )
            right = secrets.host_confirmation
        said = right if feed.number(2) == CONFIRM_RIGHTLY else feed.piece()
        matched = call.hear_confirmation(said)
        assert matched is (bool(right) and said == right)
        matches += matched
    assert confirmed - matches <= ANSWERING_HOSTS_MAX  # who had the code learnt nothing new
    return matches > 0


def seeds() -> Iterator[bytes]:
    for vector in of_kind("code-and-rendezvous", "typist_hears"):
        answer, confirmation = bytes.fromhex(vector["answer"]), bytes.fromhex(vector["confirmation"])
        yield bytes((AS_IT_CAME,)) + as_piece(answer) + b"\x00" + as_piece(confirmation)
        yield bytes((WITH_A_SHARE,)) + answer[:SHARE_BYTES] + b"\x00" + as_piece(confirmation)
    yield bytes((HOST, CONFIRM_RIGHTLY))
    yield (bytes((HOST, 0)) + as_piece(bytes(32))) * 4 + bytes((HOST, CONFIRM_RIGHTLY))

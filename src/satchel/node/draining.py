"""How a connection that turned out to be nobody's ends: not a byte more, and no moment that tells why.

Until a connection is taken the carrier does this (its listener.py); here is the same for one that was taken
already. Spec: code-and-rendezvous.md, 6.1.
"""

import asyncio
import threading

from satchel.errors import EnvironmentProblem
from satchel.ports import Entropy, Pipe

DRAIN_MIN_S = 5.0
DRAIN_SPREAD_S = 10.0
PAUSE_S = 0.25
DISCARD_BYTES = 16 * 1024  # at each pause: a firehose costs us little (P3)


def drain(pipe: Pipe, entropy: Entropy) -> None:
    """Read and throw away for a random 5 to 15 s, then close. Returns at once; used on an asyncio loop."""
    chance = int.from_bytes(entropy.draw(4), "big") / 2**32
    asyncio.get_running_loop().call_later(DRAIN_MIN_S + chance * DRAIN_SPREAD_S, pipe.close)
    threading.Thread(target=_discard, args=(pipe,), name="satchel-drain", daemon=True).start()


def _discard(pipe: Pipe) -> None:
    room = memoryview(bytearray(DISCARD_BYTES))
    pause = threading.Event()
    try:
        pipe.set_deadline(None)
        while pipe.receive_into(room):
            pause.wait(PAUSE_S)
    except EnvironmentProblem:
        pipe.close()  # it was we who closed, or the other side did

"""How much is sent beyond what is meant, so that a total does not name a book (W2).

An exact size is a fingerprint: the length of one well-known file, to the byte, tells which it is.
Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
PETS 2019, section 4) leaves O(log log n) bits of it for at most 12 %. Spec: docs/spec/transport.md, 6.
"""

from satchel.core.session.frames import (
    FAST_FRAME_BYTES,
    FRAME_BYTES_MIN,
    FULL_FRAME_BYTES,
    OVERHEAD_BYTES,
    STRIPE_FRAME_BYTES,
)
from satchel.core.wire.padme import padme
from satchel.errors import MisuseError

GRAIN_BYTES = 2048  # every full frame is a multiple of it, and every padded total from 65,536 on
RUN_BYTES_MIN = 4096  # below, Padmé rounds to a few bytes, and a short text would have a length


def run_total(needed: int) -> int:
    """Bytes on the wire of a run of bulk frames that needs at least `needed` [6.2]."""
    total = padme(max(needed, RUN_BYTES_MIN))
    # So what full frames leave of it is never too short for a frame.
    assert total < 65_536 or total % GRAIN_BYTES == 0 < FRAME_BYTES_MIN < GRAIN_BYTES
    return total


def tail_sizes(bytes_sent: int, body_length: int, frame_bytes: int = FULL_FRAME_BYTES) -> tuple[int, ...]:
    """Sizes on the wire of the last frames of a run of bulk frames.

    A run is full bulk frames and then these: the first one carries the rest of
    the data with zeros behind it, the others are padding frames. So all sizes follow from the padded
    total, and the place where the data ends does not show. Every frame that is not full ends a run.

    Args:
        bytes_sent: bytes on the wire of the full frames of this run.
        body_length: bytes of data left, at most what a frame holds; 0 only where bytes_sent is not 0 (then
            all of these frames are padding; there may be none).
        frame_bytes: a full frame, now.
    """
    if not _is_sum_of_full_frames(bytes_sent):
        raise MisuseError("a run begins with full frames")
    if not 0 <= body_length <= frame_bytes - OVERHEAD_BYTES or not bytes_sent + body_length:
        raise MisuseError("a tail carries what is left of the data, at most one frame")
    needed = bytes_sent + (body_length + OVERHEAD_BYTES if body_length else 0)
    left = run_total(needed) - bytes_sent
    full, rest = divmod(left, frame_bytes)
    return (frame_bytes,) * full + ((rest,) if rest else ())


def _is_sum_of_full_frames(count: int) -> bool:
    """The other two sizes are multiples of the smallest; each fast frame adds one grain to them."""
    grains, rest = divmod(count % STRIPE_FRAME_BYTES, GRAIN_BYTES)
    return not rest and count >= grains * FAST_FRAME_BYTES

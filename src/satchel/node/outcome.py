"""How a conversation ended, for both of its sides."""

from enum import Enum


class Outcome(Enum):
    COMPLETE = "both sides know that all is in place"
    WHOLE = "all is in place here; the sender may not know it yet"
    DECLINED = "the other person did not want it"
    LOST = "the connection ended; it can go on later"
    REFUSED = "the connection ended before anything was accepted"
    GIVEN_UP = "the other side has forgotten this hand-over"

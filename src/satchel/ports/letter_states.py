"""What has become of a letter. By itself: whoever knows contacts loads nothing else about letters."""

from enum import Enum


class LetterState(Enum):
    """All but the first are of own letters."""

    RECEIVED = 0
    KEPT = 1  # not sealed yet: the contact has to open others first
    UNDER_WAY = 2
    DELIVERED = 3
    EXPIRED = 4  # its bundles may not travel any more, and nobody has said that it came

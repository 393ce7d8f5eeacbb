"""What the pages of the owner need from outside, once the profile is open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from satchel.errors import SatchelError
from satchel.web.owner.books import Books
from satchel.web.owner.keeping import Keeper
from satchel.web.owner.letters_page import Attachment
from satchel.web.uploads import UploadRoutes


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Given by who starts them."""

    lock: Callable[[], object]  # end the node
    wipe: Callable[[], object]  # destroy the key at once, and all the rest when the node ends; blocks
    look: Callable[[], Sequence[dict[str, Any]]]  # what `satchel doctor` finds; blocks
    draw_picture: Callable[[str], bytes]  # a text as a picture for cameras: SVG
    keeper: Keeper
    into: str  # where goes what contacts give, as a path in an event
    into_by_code: Callable[[], str]  # and what is received by code from now on
    copies: Callable[[], Sequence[SatchelError]]  # whose profile went back, and what to do
    handles: bytes  # a secret of this process: names stand in no address
    remembers: Callable[[], bool]  # whether there is a history
    attachment: Attachment
    sticks: Callable[[], Sequence[str]]  # folders of those that are mounted
    uploads: UploadRoutes  # those of the control API: what comes at a time is counted together
    books: Books

"""Which of two sessions with one contact stays. Spec: docs/spec/session.md, section 6.

Both may have dialled at once: then each side keeps the one with the smaller handshake hash, without another
word. Or one of them lost the first, by a crash or on another network, and comes again: then the new one
stays, whatever its hash, or it would be turned away until the other notices. The Hello tells which.
"""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class _Session:
    session_hash: bytes
    is_heard: bool  # whether their Hello has come
    their_beside: bytes | None  # what it told


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`close`: hash of the session that ends now, ours to close without a word; it may be the new one.
    `beside`: for our Hello in the new one."""

    beside: bytes | None
    close: bytes | None


class Rivals:
    """The proven sessions with one contact: between two events there is one at most."""

    def __init__(self) -> None:
        self._session: _Session | None = None

    @property
    def current(self) -> bytes | None:
        """The hash of the session that there is."""
        return None if self._session is None else self._session.session_hash

    def dialled(self, session_hash: bytes) -> Verdict:
        """The answer to our flight was right; our Hello was not said yet."""
        return self._prove(_Session(session_hash=session_hash, is_heard=False, their_beside=None))

    def was_dialled(self, session_hash: bytes, their_beside: bytes | None) -> Verdict:
        """The caller's Hello has opened; ours was not said yet."""
        return self._prove(_Session(session_hash=session_hash, is_heard=True, their_beside=their_beside))

    def answered(self, session_hash: bytes, their_beside: bytes | None) -> None:
        """The Hello of who we dialled has opened."""
        if self._session is not None and self._session.session_hash == session_hash:
            self._session.is_heard, self._session.their_beside = True, their_beside

    def ended(self, session_hash: bytes) -> None:
        """This session is over, for whatever reason."""
        if self.current == session_hash:
            self._session = None

    def _prove(self, new: _Session) -> Verdict:
        old, self._session = self._session, new
        if old is None:
            return Verdict(beside=None, close=None)
        at_once = (
            not old.is_heard  # they may not know yet that it exists
            or not new.is_heard  # our dial was on its way when they came
            or new.their_beside == old.session_hash
            or old.their_beside == new.session_hash
        )
        if at_once and old.session_hash < new.session_hash:
            self._session = old
            return Verdict(beside=old.session_hash, close=new.session_hash)
        return Verdict(beside=old.session_hash, close=old.session_hash)

"""What is said where bytes of a library break its page."""

from satchel.errors import PeerError, turning

SAFE = "Nothing of it was taken for right, and your other books are as they were."
DO = "Ask for the book again. If that does not help, a newer Satchel may read it."


def broken(clause: str, what: str) -> PeerError:
    """`clause`: of docs/spec/library.md."""
    return PeerError(f"library {clause}: {what}", safe=SAFE, do=DO)


class reading(turning):
    """Around a block: whatever is wrong in there is said to a person as of a book."""

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, PeerError) and exc.safe != SAFE:
            raise PeerError(exc.what, safe=SAFE, do=DO) from exc

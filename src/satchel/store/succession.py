"""What of the letters with a contact goes over to the same person, paired again.

Spec: docs/spec/profile.md, 11.
"""

import apsw

from satchel.ports.letter_states import LetterState


def hand_on_letters(connection: apsw.Connection, key: int, before: int, *, inherits: bool) -> None:
    """The conversation, and what has come of letters. In a transaction that erases.

    What was sealed for the keys of before opens for nobody any more: it is sealed anew, under the same id, so
    that what came meanwhile is not shown twice. Not if the new pair does not inherit (P2): then it has
    expired.

    Args:
        key: of the new contact. before: of the old one.
    """
    connection.execute(
        "DELETE FROM blob WHERE key IN (SELECT blob FROM own_bundle WHERE contact = ? AND NOT ended)",
        (before,),
    )
    connection.execute("DELETE FROM own_bundle WHERE contact = ? AND NOT ended", (before,))
    after = LetterState.KEPT if inherits else LetterState.EXPIRED
    connection.execute(
        "UPDATE letter SET state = ? WHERE contact = ? AND state IN (?, ?)",
        (after.value, before, LetterState.KEPT.value, LetterState.UNDER_WAY.value),
    )
    for table in ("letter", "own_bundle", "unfinished", "unreadable", "due_receipt", "blob", "ingress"):
        # What is there already came by the new pair.
        connection.execute(f"UPDATE OR IGNORE {table} SET contact = ? WHERE contact = ?", (key, before))  # noqa: S608
    connection.execute("UPDATE due_receipt SET deliverer = ? WHERE deliverer = ?", (key, before))

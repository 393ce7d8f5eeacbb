"""Several commands of one node and the same unfinished hand-overs."""

from satchel.cli.shared_records import Claims, SharedRecords
from satchel.ports import Role
from satchel.store.database import Database
from store.record_samples import entry, head


def test_what_one_is_at_no_other_goes_on_with() -> None:
    database, claims = Database.in_memory(), Claims()
    one, other = (SharedRecords(database, claims, now_s=0) for _ in range(2))
    made = head()
    one.create(made, [entry(0)])
    assert other.unfinished(made.role) == []
    assert [found.id for found in one.unfinished(made.role)] == [made.id]
    one.release()
    assert [found.id for found in other.unfinished(made.role)] == [made.id]
    assert one.unfinished(made.role) == []
    other.release()
    assert one.unfinished(Role.SENDER) + one.unfinished(Role.RECEIVER)
    database.close()

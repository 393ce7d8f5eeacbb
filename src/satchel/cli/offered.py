"""What a person wants to give, as it is now, and whether it can be offered."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from satchel.cli.profile import Profile
from satchel.core.handover.codec import NUMBER_MAX, OFFER_COST_MAX, offer_cost
from satchel.errors import MisuseError
from satchel.ports import Source, SourceEntry
from satchel.store.source import FileSource, Survey, survey
from satchel.store.upload_names import id_in

if TYPE_CHECKING:
    from satchel.store.uploads import SqliteUploads


def look_at(
    paths: Sequence[bytes],
    uploads: "SqliteUploads | None" = None,
    *,
    left_out: Callable[[bytes, str], None] | None = None,
) -> Survey:
    """`paths`: of files and folders, and names of `uploads`. `left_out(path, why)` is told what of it cannot
    be sent.

    Raises MisuseError, NothingToDo: one is not there, nothing of it can be sent, or it is too much at once.
    """
    taken: set[bytes] = set()
    brought: list[SourceEntry] = []
    ids = [id for path in paths if (id := id_in(path)) is not None]
    if ids and uploads is not None:
        from satchel.store.uploaded import survey_uploads  # noqa: PLC0415 - for the owner's page only

        brought = survey_uploads(uploads, ids, taken)
    found = survey([path for path in paths if id_in(path) is None], taken)
    found.entries[:0] = brought
    if left_out is not None:
        for refused in found.refused:
            left_out(refused.path, refused.why)
    if not found.entries:
        raise MisuseError(
            "There is nothing here that can be sent.",
            safe="Nothing was sent.",
            do="Name files and folders that you can read; links, pipes and devices are not sent.",
        )
    if (
        len(found.entries) > NUMBER_MAX + 1
        or offer_cost(entry.path for entry in found.entries) > OFFER_COST_MAX
    ):
        raise MisuseError(
            f"These are too many names for one hand-over: {len(found.entries):,}.",
            safe="Nothing was sent.",
            do="Send them in parts, or packed into one file.",
        )
    return found


def source_of(profile: Profile) -> Source:
    """Where what it offers is read: files where they lie, and what the owner's page has brought."""
    from satchel.store.uploaded import AnySource, UploadSource  # noqa: PLC0415 - as above

    return AnySource(FileSource(), UploadSource(profile.uploads))

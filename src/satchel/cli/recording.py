"""What comes to its end goes into the history of the profile, where that is switched on."""

from satchel.cli.profile import Profile
from satchel.node import clock, events
from satchel.node.recorder import Recorder
from satchel.store.ages import as_reading


def recorder_of(profile: Profile) -> Recorder:
    return Recorder(profile.history, now_s=lambda: as_reading(clock.wall_s()))


def recorded(profile: Profile, report: events.Report, *, giving: bool) -> events.Report:
    """`report` of a hand-over by code, which does not hear what only the history needs."""
    record = recorder_of(profile).by_code(giving=giving)

    def hear(event: events.Event) -> None:
        record(event)
        inner = event.event if isinstance(event, events.ByReceiver | events.ByHandover) else event
        if not isinstance(inner, events.Delivered):
            report(event)

    return hear

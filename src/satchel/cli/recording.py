"""What comes to its end goes into the history of the profile, where that is switched on."""

from satchel.cli.profile import Profile
from satchel.node import clock
from satchel.node.recorder import Recorder
from satchel.store.ages import as_reading


def recorder_of(profile: Profile) -> Recorder:
    return Recorder(profile.history, now_s=lambda: as_reading(clock.wall_s()))

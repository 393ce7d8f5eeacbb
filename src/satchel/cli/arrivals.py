"""Into which folder what arrives goes, as long as a Satchel runs."""

import os
from pathlib import Path

from satchel.cli.home import absolute
from satchel.cli.own_node import taking_into
from satchel.cli.profile import Profile
from satchel.cli.show import Show
from satchel.core.identity.settings import Accept, Settings
from satchel.errors import EnvironmentProblem
from satchel.escape import show_name
from satchel.node.delivery.taking import TakingNode


class Arrivals:
    """As `satchel up` was told, else as it is set."""

    def __init__(self, given: str | None, profile: Profile) -> None:
        """`given`: --into. It counts until another folder is set, or this run ends."""
        self._profile = profile
        self._at_first = profile.settings.now.into
        self._given = given
        self.of_contacts = absolute(given) if given is not None else folder_of(profile.settings.now)

    def by_code(self) -> Path:
        """Of what is received from now on."""
        now = self._profile.settings.now
        return self.of_contacts if now.into == self._at_first else folder_of(now)

    def taking(self, given: str | None, show: Show) -> TakingNode | None:
        """How what contacts give is taken; None: nothing is, as long as this run lasts.

        A folder that was set must not keep a person from their page: there they may choose another one. And
        it is not made: a disk that is not in would leave its files on another one.

        Args:
            given: --accept.
        Raises:
            EnvironmentProblem: the folder of --into cannot be used.
        """
        if given == Accept.NONE.value:
            return None
        accept = Accept(given) if given is not None else self._profile.settings.now.accept
        try:
            if self._given is None and self._at_first is not None and not self.of_contacts.is_dir():
                raise _not_there(self.of_contacts)
            return taking_into(self.of_contacts, self._profile, accept)
        except EnvironmentProblem as problem:
            if self._given is not None:
                raise
            show.warning(problem)
            return None


def folder_of(settings: Settings) -> Path:
    """As it is set, else the person's downloads folder."""
    return Path(os.fsdecode(settings.into)) if settings.into is not None else downloads()


def downloads() -> Path:
    from platformdirs import user_downloads_path  # noqa: PLC0415 - only where it is asked

    return user_downloads_path()


def _not_there(into: Path) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"The folder for what arrives is not there: {show_name(os.fsencode(into))}.",
        safe="Nothing is taken from contacts meanwhile; what they offer waits with them.",
        do="Put its disk in and start Satchel again, or choose another folder: satchel settings set into DIR",
    )

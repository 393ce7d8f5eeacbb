"""Where this person's Satchel keeps what it must remember."""

import os
from pathlib import Path


def home_folder(given: str | None) -> Path:
    """--home, else SATCHEL_HOME, else the user's data folder."""
    chosen = given or os.environ.get("SATCHEL_HOME")
    if chosen:
        return Path(chosen).absolute()
    from platformdirs import user_data_dir  # noqa: PLC0415 - costs its import only where needed

    return Path(user_data_dir("satchel"))

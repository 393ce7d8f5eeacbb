"""What is left to do when a node has ended from inside (T3)."""

import os
from contextlib import closing
from pathlib import Path

from satchel.cli.profile import Profile
from satchel.cli.up_cmd import _End
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords


def test_the_key_is_gone_before_the_node_has_ended(tmp_path: Path) -> None:
    """The page says that all is destroyed: from then on the plug may be pulled."""
    home, key = tmp_path / "profile", os.urandom(KEY_BYTES)
    file = Bare(key=key)
    with closing(ProfileFolder.take(home)) as folder:
        folder.create(encode(file), key)
        database = folder.open(key)
        end = _End(Profile(folder, file, key, database, SqliteRecords(database)))
        end.wipe_if_asked()
        assert (home / "key").exists()
        end.wipe()
        assert not (home / "key").exists()
        assert (home / "data").exists()
        end.wipe_if_asked()
    assert not home.exists()

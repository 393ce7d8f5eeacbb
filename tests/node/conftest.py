"""Amina sends, Bilal receives."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.sides import Side


@pytest.fixture
def amina(tmp_path: Path) -> Iterator[Side]:
    side = Side(tmp_path / "amina")
    yield side
    side.records.database.close()


@pytest.fixture
def bilal(tmp_path: Path) -> Iterator[Side]:
    side = Side(tmp_path / "bilal")
    yield side
    side.records.database.close()


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter"
    path.write_bytes(os.urandom(300_000))
    return path

"""How a search ends: whoever was not found learns where to look for the cause."""

import pytest

from satchel.errors import NothingToDo
from satchel.node.endings import nobody_came, nobody_found
from satchel.ports import Address, Endpoint

AT = Endpoint(address=Address(bytes(16)), port=40000)


@pytest.mark.parametrize(
    "ending",
    [nobody_came(resuming=False), nobody_found(None, resuming=False), nobody_found(AT, resuming=False)],
    ids=["came", "found", "answered"],
)
def test_who_met_nobody_is_sent_to_the_doctor(ending: NothingToDo) -> None:
    assert "satchel doctor" in ending.do

"""A port of the person's own, for a firewall's sake: it stays, and a taken one is told."""

import socket

import pytest

from carriers.lan.test_lan import PATIENCE_S, Machine, network, run
from satchel.carriers.lan.lan import require_free_port
from satchel.errors import EnvironmentProblem
from satchel.ports import Endpoint


def test_a_fixed_port_stays_and_one_that_is_taken_is_told() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
            with pytest.raises(EnvironmentProblem, match=f"listens on port {port}"):
                require_free_port(port)
        require_free_port(port)
        machine = Machine()
        async with network(look=machine, port=port) as lan, network(look=machine) as other:
            assert {link.port for link in lan.links()} == {port}
            link = lan.links()[0]
            with pytest.raises(EnvironmentProblem, match="fixed"):
                link.open_port()
            pipe = await other.dial(Endpoint(address=link.address, port=port), within_s=PATIENCE_S)
            pipe.close()

    run(test)

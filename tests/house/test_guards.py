"""The guards of tests/conftest.py do stop what they are for."""

import socket
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.parametrize("host", ["192.0.43.10", "2001:4860::1", "::ffff:8.8.8.8"])
def test_no_packet_to_the_internet(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender, pytest.raises(RuntimeError, match="not local"):
        sender.sendto(b"x", (host, 9))


def test_no_question_to_a_name_server() -> None:
    with pytest.raises(RuntimeError, match="not local"):
        socket.getaddrinfo("example", 80)


def test_local_addresses_pass() -> None:
    assert socket.getaddrinfo("127.0.0.1", 80)
    assert socket.getaddrinfo("fe80::1", 80)


@pytest.mark.parametrize(("ci", "outcome"), [("true", {"errors": 1, "failed": 1}), ("", {"skipped": 2})])
def test_a_laboratory_that_skips_in_ci_has_failed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: dict[str, int]
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers = lab: x")
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def lab(): pytest.skip("no namespaces")

        @pytest.mark.lab
        def test_fixture(lab): pass

        @pytest.mark.lab
        def test_body(): pytest.skip("no nft")

        def test_other(): pass
        """
    )
    pytester.runpytest().assert_outcomes(passed=1, **outcome)

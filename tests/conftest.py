"""What holds for every test: no network but the local one, and no laboratory that quietly skips."""

import gc
import ipaddress
import os
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

pytest_plugins = ["browser.pytest_plugin", "lab.pytest_plugin"]

# No deadline: on a busy machine it fails tests that are right.
settings.register_profile("satchel", deadline=None, print_blob=True)
settings.load_profile("satchel")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Simulations first: a single one takes minutes, and nothing else would be left to do beside it."""
    items.sort(key=lambda item: "sim" not in item.path.parts)


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: nobody needs to look through them for garbage, again and again."""
    gc.collect()
    gc.freeze()


def is_local(host: object) -> bool:
    """Whether a packet to `host` stays here; a name is never local, since somebody has to look it up."""
    if host is None or host in ("", "localhost", b"", b"localhost", "<broadcast>"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_multicast or not address.is_global


def forbid_the_internet(event: str, arguments: tuple[object, ...]) -> None:
    """Satchel asks no DNS server and sends nothing to a non-local address, and so do its tests."""
    if event == "socket.getaddrinfo":
        target = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple):  # AF_UNIX, AF_NETLINK, or a socket that is connected
            return
        target = address[0]
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        target = arguments[0]
    else:
        return
    if not is_local(target):
        raise RuntimeError(f"{event}: a test reached for {target!r}, which is not local")


sys.addaudithook(forbid_the_internet)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true a laboratory test that skips has failed: else nobody would see that it never ran."""
    report = yield
    if report.skipped and item.get_closest_marker("lab") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {call.excinfo.value if call.excinfo else ''}"
    return report

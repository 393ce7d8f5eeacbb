"""What windows are told of, whoever does it (page 4.6)."""

import http.client
from contextlib import closing
from pathlib import Path

from cli.node_kit import LIMIT_S, Following, serving
from web.browsing import Browser


def test_what_is_done_on_the_command_line_makes_windows_renew_themselves(tmp_path: Path) -> None:
    """Else a title says that a question waits which was declined there, until something else happens."""
    with serving(tmp_path / "profile", "bilal") as served:
        assert served.page is not None
        browser = Browser(served.page)
        with closing(http.client.HTTPConnection(browser.gate.host, timeout=LIMIT_S)) as connection:
            connection.request("GET", browser.gate.base + "/live", headers=browser.headers)
            stream = connection.getresponse()

            def next_word() -> bytes:
                lines = [stream.readline() for _ in range(3)]
                return lines[0] + lines[1]

            assert next_word() == b"event: changed\ndata: 0\n"
            job = Following(served, "contacts", "rename", "--json", "bilal", "Amina")
            assert job.rest()[-1] == {"job": "over", "code": 0}
            assert next_word() == b"event: changed\ndata: 0\n"

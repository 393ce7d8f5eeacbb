"""Who gets to the owner's page, and who does not (G1, T1; page 2)."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import MisuseError
from satchel.web.owner.entrance import file_content
from satchel.web.owner.gate import HEADERS, SESSIONS_MAX, Gate, Refusal

PORT = 41_234
HOST = f"127.0.0.1:{PORT}"
OURS = f"http://{HOST}"


class Visitor:
    """A browser that has come in, and what it sends; anything of it can be replaced."""

    def __init__(self) -> None:
        self.gate = Gate(port=PORT, draw=os.urandom)
        self.cookie = f"satchel={self.gate.enter(self.gate.token)}"

    def ask(self, method: str = "GET", path: str = "/", **other: str | None) -> Refusal | None:
        sent = {"host": HOST, "origin": None, "site": "same-origin", "cookies": self.cookie, **other}
        return self.gate.refusal(method=method, path=self.gate.base + path, **sent)  # type: ignore[arg-type]


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def test_who_came_in_by_the_file_sees_the_page(visitor: Visitor) -> None:
    assert visitor.ask() is None
    assert visitor.ask("POST", "/lock", origin=OURS) is None
    assert visitor.ask(site="none") is None  # a window that is opened again


def test_a_copied_address_without_the_cookie_shows_nothing(visitor: Visitor) -> None:
    for cookies in ("", "satchel=", "satchel=" + "0" * 64, "other=1", visitor.cookie[:-1]):
        assert visitor.ask(cookies=cookies) is Refusal.STRANGER
    assert visitor.ask("POST", "/lock", origin=OURS, cookies="") is Refusal.STRANGER


def test_cookies_of_other_servers_keep_nobody_out() -> None:
    """[2.10] They are sent to all ports of a machine, those that say `satchel`, too."""
    visitor = Visitor()
    for others in ("a=" + "x" * 60_000, "satchel=; satchel=0", '=;;"=\xff\x7f; satchel', "satchel==;"):
        assert visitor.ask(cookies=f"{others}; {visitor.cookie}") is None
        assert visitor.ask(cookies=f"{visitor.cookie}; {others}") is None
        assert visitor.ask(cookies=others) is Refusal.STRANGER


def test_a_name_that_was_turned_to_this_machine_shows_nothing(visitor: Visitor) -> None:
    """DNS rebinding: the browser believes that it speaks to the attacker's own host."""
    for host in (
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        f"localhost:{PORT}",
        f"[::1]:{PORT}",
        "",
    ):
        assert visitor.ask(host=host) is Refusal.WRONG_HOST


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", f"http://localhost:{PORT}", OURS + "0"]
)
def test_no_other_page_does_anything_here(visitor: Visitor, origin: str | None) -> None:
    """CSRF, also from a page of another port of this machine, whose site is the same."""
    for site in ("cross-site", "same-site", None):
        assert visitor.ask("POST", "/lock", origin=origin, site=site) is Refusal.FOREIGN


def test_no_other_page_reads_anything_here(visitor: Visitor) -> None:
    assert visitor.ask(site="cross-site") is Refusal.FOREIGN


def test_the_token_alone_opens(visitor: Visitor) -> None:
    for token in ("", "0" * 64, visitor.gate.token[:-1], visitor.gate.token + "0"):
        with pytest.raises(MisuseError):
            visitor.gate.enter(token)
    entering = {"cookies": "", "site": "cross-site"}  # from the file
    assert visitor.ask("POST", "/enter", origin="null", **entering) is None
    assert visitor.ask("GET", "/enter", origin="null", **entering) is Refusal.FOREIGN
    assert visitor.ask("POST", "/enter", origin="http://evil.example", **entering) is Refusal.FOREIGN


def test_other_paths_are_nobodys(visitor: Visitor) -> None:
    base = visitor.gate.base
    for path in ("/", "", base + "0", base[:-1], "/favicon.ico", "/other" + base):
        sent = {"host": HOST, "origin": None, "site": None, "cookies": visitor.cookie}
        assert visitor.gate.refusal(method="GET", path=path, **sent) is Refusal.NOT_OURS  # type: ignore[arg-type]


def test_sessions_are_few_and_the_first_one_leaves(visitor: Visitor) -> None:
    for _ in range(SESSIONS_MAX - 1):
        visitor.gate.enter(visitor.gate.token)
    assert visitor.ask() is None
    visitor.gate.enter(visitor.gate.token)
    assert visitor.ask() is Refusal.STRANGER


def test_the_cookie_is_for_this_path_no_script_and_no_other_site(visitor: Visitor) -> None:
    """A server of another user of this machine, at another port, never gets it: it cannot know the path."""
    said = visitor.gate.set_cookie("x")
    assert said == f"satchel=x; Path={visitor.gate.base}/; HttpOnly; SameSite=Strict"
    assert len(visitor.gate.base) == 17
    assert Gate(port=PORT, draw=os.urandom).base != visitor.gate.base


def test_the_token_stands_in_the_file_and_in_no_address(visitor: Visitor) -> None:
    content = file_content(visitor.gate).decode()
    assert content.count(visitor.gate.token) == 1
    assert f'action="{OURS}{visitor.gate.base}/enter"' in content
    assert 'method="post"' in content


def test_nothing_inline_nothing_from_elsewhere_in_nobodys_frame() -> None:
    policy = dict(HEADERS)["content-security-policy"]
    assert "'unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert dict(HEADERS)["cache-control"] == "no-store"


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", ""]),
    path=st.text(max_size=40),
    host=st.text(max_size=40) | st.just(HOST),
    origin=st.none() | st.text(max_size=40) | st.just(OURS),
    site=st.none() | st.text(max_size=20),
    cookies=st.text(max_size=100),
)
def test_whatever_is_sent_without_the_cookie_gets_nothing(
    method: str, path: str, host: str, origin: str | None, site: str | None, cookies: str
) -> None:
    gate = Gate(port=PORT, draw=os.urandom)
    refused = gate.refusal(
        method=method, path=gate.base + path, host=host, origin=origin, site=site, cookies=cookies
    )
    assert refused is not None or (method, path) == ("POST", "/enter")

"""Tables of the kernel and settings of other programs, right and wrong ones."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.node.doctor import configs
from satchel.node.doctor.facts import Chain

UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref
  410: B50000E0:F05A 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 40312 2 0 0
  411: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   108        0 40313 2 0 0
  412: broken
  413: 00000000:ZZZZ 00000000:0000 07 00000000:00000000 00:00000000 00000000   108        0 40313 2 0 0
"""
NFTABLES = """
#!/usr/sbin/nft -f
flush ruleset
# table inet commented {
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
    }
    chain helper { tcp dport 22 accept
    }
    chain output { type filter hook output priority filter; }
    chain forward { type filter hook forward priority filter; }
}
table legacy {
    chain in { type filter hook input priority 0; }
}
table bridge b {
    chain in { type filter hook input priority 0; }
}
"""


def test_a_setting_is_the_last_of_its_section() -> None:
    text = '[a]\nKey = "Yes"\n[b]\nKey=no\n# Key=maybe\nKey=False\n[a]\nOther=1\n'
    assert configs.setting(text, "Key", "a") == "yes"
    assert configs.setting(text, "Key", "b") == "false"
    assert configs.setting(text, "Key") == "false"
    assert configs.setting(text, "Key", "c") == ""
    assert configs.setting("", "Key") == ""
    assert configs.setting_as_written("FILE=/A/b\n", "FILE") == "/A/b"


def test_a_comment_is_no_line() -> None:
    assert configs.has_line("  send   host-name = x;\n", r"send\s+host-name")
    assert not configs.has_line("#send host-name = x;\n", r"send\s+host-name")
    assert configs.has_line("hostname\n", "hostname")
    assert not configs.has_line("hostname_short\n#hostname\n", "hostname")


def test_sockets_by_port() -> None:
    assert list(configs.sockets_on(UDP, [61530])) == [(61530, 1000, 40312)]
    assert list(configs.sockets_on(UDP, [5353, 5355])) == [(5353, 108, 40313)]
    assert list(configs.sockets_on(UDP, [53])) == []


def test_the_device_that_holds_a_path() -> None:
    mounts = (
        "22 1 0:21 /@ / rw,relatime shared:1 - btrfs /dev/mapper/root rw,subvol=/@\n"
        "23 22 0:22 /@s /my\\040swap rw - btrfs /dev/sdb1 rw\n"
        "24 22 0:5 / /dev rw shared:2 - devtmpfs udev rw\nbroken line - x\nbroken\n"
    )
    assert configs.source_of(mounts, "/swapfile") == "/dev/mapper/root"
    assert configs.source_of(mounts, "/my swap/file") == "/dev/sdb1"
    assert configs.source_of(mounts, "/my swapper") == "/dev/mapper/root"
    assert configs.source_of("", "/swapfile") == ""


def test_swap_areas() -> None:
    table = "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 1 0 -2\n/my\\040swap file 1 0 -3\n\n"
    assert list(configs.swap_areas(table)) == ["/dev/sda2", "/my swap"]
    assert list(configs.swap_areas("")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("32768\t60999\n", (32768, 60999)), ("", None), ("1", None), ("a b", None), ("1 999999", None)],
)
def test_port_range(text: str, expected: tuple[int, int] | None) -> None:
    assert configs.port_range(text) == expected


def test_chains_of_a_file() -> None:
    assert configs.chains_of_file(NFTABLES) == (
        Chain(hook="input", family="inet", table="filter", name="input"),
        Chain(hook="output", family="inet", table="filter", name="output"),
        Chain(hook="input", family="ip", table="legacy", name="in"),
    )


def row(**more: object) -> dict[str, object]:
    return {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": "input", **more}}


def test_chains_of_the_kernel() -> None:
    rows = [
        {"metainfo": {}},
        row(),
        row(hook="forward"),
        row(type="nat"),
        row(family="bridge"),
        {"chain": {"family": "ip", "table": "t", "name": "regular"}},
        row(hook="output", family="ip6"),
    ]
    assert configs.chains_of_json(json.dumps({"nftables": rows})) == (
        Chain(hook="input", family="inet", table="t", name="c"),
        Chain(hook="output", family="ip6", table="t", name="c"),
    )


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"nftables": 1}', '{"nftables": [{"chain": 1}]}', "[" * 9999]
)
def test_no_list_of_chains(text: str) -> None:
    assert configs.chains_of_json(text) == ()


@given(st.text(alphabet=string.printable, max_size=300))
def test_any_text_is_read(text: str) -> None:
    configs.setting(text, "Key", "a")
    list(configs.sockets_on(text, [53]))
    list(configs.swap_areas(text))
    configs.source_of(text, "/")
    configs.port_range(text)
    configs.chains_of_file(text)
    configs.chains_of_json(text)

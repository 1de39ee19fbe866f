from typing import Any

import pytest
from django.test import RequestFactory

from partners import networks


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("198.51.100.7", None, "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # no proxy of ours: anybody writes that
        ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "192.0.2.1, 203.0.113.9", "203.0.113.9"),  # the client forged the first
        ("10.0.0.2", "203.0.113.9, 10.0.0.3", "203.0.113.9"),
        ("10.0.0.2", "<script>", "10.0.0.2"),
        ("10.0.0.2", "203.0.113.9, nonsense", "10.0.0.2"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("::ffff:10.0.0.2", "203.0.113.9", "::ffff:10.0.0.2"),
        ("", "203.0.113.9", ""),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    remote: str, forwarded: str | None, address: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)
    assert networks.client_address(request) == address


@pytest.mark.parametrize(
    ("address", "net"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:7:1:2:3:4:5", "2001:db8:7::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", ""),
        ("somewhere", ""),
        ("", ""),
    ],
)
def test_only_the_net_of_an_address_is_kept(address: str, net: str) -> None:
    assert networks.shortened(address) == net

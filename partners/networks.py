"""Where a request comes from: the address of the client, and what of it may be kept."""

from functools import cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

KEPT_BITS = {4: 24, 6: 48}  # the net of a provider's customers, not the line of one household


def client_address(request: HttpRequest) -> str:
    """The address the request came from, or "" if there is none, as on a Unix socket.

    ``X-Forwarded-For`` is what anybody may write, so only what a proxy of ``TRUSTED_PROXIES`` added
    counts: the last address that is none of these proxies itself.
    """
    address: str = request.META.get("REMOTE_ADDR") or ""
    claimed = request.headers.get("x-forwarded-for", "").split(",")
    while claimed and _is_trusted(address):
        earlier = claimed.pop().strip()
        if not _is_address(earlier):
            break
        address = earlier
    return address


def shortened(address: str) -> str:
    """The net of ``address``, as "203.0.113.0/24" or "2001:db8:7::/48"; "" if it is none."""
    if not _is_address(address):
        return ""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ip_network(f"{parsed}/{KEPT_BITS[parsed.version]}", strict=False))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone says something about this machine only


def _is_trusted(address: str) -> bool:
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in _proxies(tuple(settings.TRUSTED_PROXIES)))


@cache
def _proxies(networks: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network, strict=False) for network in networks)

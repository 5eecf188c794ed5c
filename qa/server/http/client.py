"""Addresses: whose requests count together.

For the guards of API and page.
"""

from __future__ import annotations

import ipaddress

# An address has 45 characters at most. What a proxy passes on may be anything.
_LONGEST = 64


def client_of(address: str | None) -> str:
    """Whose requests count together: one IPv4 address, one IPv6 network of 64 bits."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return named(address)
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def named(address: str | None) -> str:
    """An address, or what a proxy calls one, as a log can hold it."""
    return (address or "unknown")[:_LONGEST]

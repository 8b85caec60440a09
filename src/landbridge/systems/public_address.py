"""Addresses of the public internet: where an alert may be sent, and where it may not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_PUBLIC_IPV6 = IPv6Network("2000::/3")  # all that is handed out for the internet (RFC 4291)
_CARRIES_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))  # RFC 6052, and the old compatible form


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name, as this machine resolves it; raises ``OSError``."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Is this an address that anybody on the internet can have? Private, own and reserved ones are not."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    within = address if isinstance(address, IPv4Address) else _carried(address)
    return all(_public(each) for each in (address, within) if each is not None)


def _public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if _carried(address) is not None:
            return True  # what it carries decides
        return address in _PUBLIC_IPV6 and address.is_global
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end at."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _CARRIES_IPV4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None

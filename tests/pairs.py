"""Two ends of a socket with the kernel between them, with TLS on them if wished."""

from __future__ import annotations

import socket
import ssl
from functools import cache

import trio
import trustme

SMALL = 4_096
"""Room in which few messages fit."""


def pair(room: int) -> tuple[trio.SocketStream, trio.SocketStream]:
    """Two streams; of what the first sends the kernel keeps no more than about `room` bytes."""
    ours, theirs = trio.socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
    return trio.SocketStream(ours), trio.SocketStream(theirs)


def encrypted(
    ours: trio.SocketStream, theirs: trio.SocketStream, host: str
) -> tuple[trio.SSLStream[trio.SocketStream], trio.SSLStream[trio.SocketStream]]:
    """The client's end and the server's, whose certificate is good for the host."""
    client, server = _contexts(host)
    return (
        trio.SSLStream(ours, client, server_hostname=host, https_compatible=True),
        trio.SSLStream(theirs, server, server_side=True, https_compatible=True),
    )


@cache
def _contexts(host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    client = ssl.create_default_context()
    authority.configure_trust(client)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(server)
    return client, server

"""Free ports on the loopback interface."""

import contextlib
import random
import socket

HOST = "127.0.0.1"

_BELOW_THE_EPHEMERAL = range(15_000, 32_000)
"""Linux uses ports from 32768 for clients. If a server there is down for a moment, a client may
take its port, and a client that connects to it may even reach itself."""


def free_ports(count: int) -> list[int]:
    """Return this number of different ports on which no program listens now."""
    with contextlib.ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = random.choice(_BELOW_THE_EPHEMERAL)  # noqa: S311 - no secret
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                found.append(port)
        return found


def is_open(port: int) -> bool:
    """Return whether a program accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0

"""Free ports on the loopback interface."""

import contextlib
import random
import socket

HOST = "127.0.0.1"

_BELOW_THE_EPHEMERAL = range(15_000, 32_000)
"""Linux hands out 32768 and up as senders' ports. A server that is down for a moment would find its
port taken by some client there, and a client that calls it may even reach itself."""


def free_ports(count: int) -> list[int]:
    """As many different ports as asked for, none of which anyone listens on now."""
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
    """Whether someone accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0

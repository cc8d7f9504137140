"""What can go wrong with a local server."""


class ServerMissing(Exception):  # noqa: N818 - a state of the machine, not a fault of ours
    """Something that the server needs is not installed; the message says what and how to get it."""


class ServerError(Exception):
    """A local server failed; the message holds the end of its log."""

"""What can go wrong with a local server."""


class ServerMissing(Exception):  # noqa: N818 - a state of the machine, not a fault of ours
    """This machine lacks what the server needs; the message says what, and how to get it."""


class ServerError(Exception):
    """A local server did not do what it was told; the message holds the end of its log."""

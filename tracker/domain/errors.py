"""The root errors of the domain. No error here knows HTTP or SQL."""


class TrackerError(Exception):
    """Tracker cannot do what was requested."""

    def __init__(self, message: str = "") -> None:
        """Use `message`, or the first line of the class docstring if it is empty."""
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class InvalidInputError(TrackerError):
    """The input does not have the right form."""


class UnknownError(TrackerError):
    """The requested item does not exist."""


class RefusedError(TrackerError):
    """The rules of the service do not allow this."""


class NotAllowedError(TrackerError):
    """This actor may not do this."""


class ConflictError(TrackerError):
    """Another request changed this first."""


class CannotStartError(TrackerError):
    """The installation is not configured correctly, so the program does not start."""

"""What can go wrong, in the domain's words. No error here knows HTTP or SQL."""


class TrackerError(Exception):
    """Something is not as the tracker needs it."""

    def __init__(self, message: str = "") -> None:
        """Say `message`, or the first line of the class's docstring where there is none."""
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class InvalidInputError(TrackerError):
    """What was sent is not of the right form."""


class UnknownError(TrackerError):
    """There is no such thing."""


class RefusedError(TrackerError):
    """The rules of the service do not allow this."""


class NotAllowedError(TrackerError):
    """This actor may not do this."""


class ConflictError(TrackerError):
    """Somebody else was there first."""


class CannotStartError(TrackerError):
    """Something of this installation is wrong, so the program does not start."""

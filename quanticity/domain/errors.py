"""Every error we raise on purpose.

    QuantiCityError
    ├── ConfigError          an operator acts before start: a key, a value, a credential is wrong
    ├── MalformedInput       the sender acts: a file, message or form is not what it claims
    ├── TemporaryError       nobody acts: the task layer tries again, after `retry_after` s if known
    │   └── NotConnected     the broker, store or channel cannot be reached now
    └── PermanentError       nobody can act: it is recorded and not tried again
        ├── OffTick          the broker refused a price; another tick may be taken
        └── ChannelRevoked   a channel refused our credential; it is off until an operator renews it

An error names the thing and the value: "expected a positive strike, was -5".
"""


class QuantiCityError(Exception):
    """Any failure that we foresaw."""


class ConfigError(QuantiCityError):
    """A setting is missing, unknown, mistyped or out of range."""


class MalformedInput(QuantiCityError):  # noqa: N818 - an error is named after what happened
    """Outside data cannot be what it claims to be."""


class TemporaryError(QuantiCityError):
    """Trying again may help."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotConnected(TemporaryError):  # noqa: N818 - an error is named after what happened
    """The other side cannot be reached now."""


class PermanentError(QuantiCityError):
    """Trying again cannot help."""


class OffTick(PermanentError):  # noqa: N818 - an error is named after what happened
    """A price is no multiple of the contract's tick."""


class ChannelRevoked(PermanentError):  # noqa: N818 - an error is named after what happened
    """A channel refused our credential."""

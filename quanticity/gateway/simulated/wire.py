"""The TWS wire format: frames of NUL-ended text fields, read and written (pure)."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from quanticity.domain.errors import MalformedInput

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = "2147483647"
GREETING = b"API\0"
_PREFIX = 4
_LONGEST = 1 << 20

Field = str | int | float | bool | Decimal | None


def frame(*fields: Field) -> bytes:
    """One message: its length, then each field ended by NUL."""
    body = b"".join(_text(field) for field in fields)
    return len(body).to_bytes(_PREFIX, "big") + body


def _text(field: Field) -> bytes:
    if isinstance(field, str):
        return field.encode() + b"\0"
    if field is None:
        return b"\0"
    if isinstance(field, bool):
        return b"1\0" if field else b"0\0"
    if isinstance(field, int):
        return b"%d\0" % field
    if isinstance(field, float):
        return repr(field).encode() + b"\0"
    return f"{field:f}".encode() + b"\0"


class Frames:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[list[str]]:
        """Add bytes and yield each whole message as its fields."""
        self._waiting += data
        while len(self._waiting) >= _PREFIX:
            length = int.from_bytes(self._waiting[:_PREFIX], "big")
            if length > _LONGEST:
                raise MalformedInput(
                    f"expected a message of at most {_LONGEST} bytes, was {length}"
                )
            if len(self._waiting) < _PREFIX + length:
                return
            body = bytes(self._waiting[_PREFIX : _PREFIX + length])
            del self._waiting[: _PREFIX + length]
            fields = body.decode(errors="backslashreplace").split("\0")
            yield fields[:-1] if fields[-1] == "" else fields

    def take(self, count: int) -> bytes | None:
        """Remove and return that many raw bytes, or None while they have not come."""
        if len(self._waiting) < count:
            return None
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken


class Fields:
    """Reads the fields of one message in their order; past the end they read as absent."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._place = 0

    def text(self) -> str:
        """The next field as it is."""
        if self._place >= len(self._fields):
            return ""
        self._place += 1
        return self._fields[self._place - 1]

    def skip(self, count: int = 1) -> None:
        """Pass over fields."""
        self._place += count

    def integer(self) -> int:
        """The next field as a whole number; absent or unset reads 0."""
        text = self.text()
        if text in {"", UNSET_INTEGER}:
            return 0
        try:
            return int(text)
        except ValueError as error:
            raise MalformedInput(f"expected a whole number, was {text!r}") from error

    def flag(self) -> bool:
        """The next field as yes or no."""
        text = self.text()
        if text not in {"", "0", "1"}:
            raise MalformedInput(f"expected 1 or 0, was {text!r}")
        return text == "1"

    def amount(self) -> Decimal | None:
        """The next field as a number, or None when absent or unset."""
        text = self.text()
        if text in {"", "Infinite"}:
            return None
        try:
            value = Decimal(text)
        except InvalidOperation as error:
            raise MalformedInput(f"expected a number, was {text!r}") from error
        if not value.is_finite():
            raise MalformedInput(f"expected a finite number, was {text!r}")
        return None if abs(value) > Decimal("1e300") else value

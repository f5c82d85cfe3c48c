"""A chain file's text, whether plain, gzip or zip; told apart by its first bytes."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path

from quanticity.domain.errors import MalformedInput

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_MAX_BYTES = 512 * 1024 * 1024  # unpacked; a chain of every listed option is under 20 MB
_JUNK = "\x00"


def read(path: Path) -> str:
    """Unpack and decode one file; raise MalformedInput naming what is wrong with it."""
    try:
        packed = path.read_bytes()
    except IsADirectoryError as error:
        raise MalformedInput("expected a file, found a directory") from error
    except FileNotFoundError as error:
        raise MalformedInput("there is no such file") from error
    except OSError as error:
        raise MalformedInput(f"the file cannot be read, {error.strerror}") from error
    return _decode(_unpack(packed))


def _unpack(packed: bytes) -> bytes:
    try:
        if packed.startswith(_GZIP):
            with gzip.open(io.BytesIO(packed)) as stream:
                return _bounded(stream.read(_MAX_BYTES + 1))
        if packed.startswith((_ZIP, _EMPTY_ZIP)):
            return _only_member(packed)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        # RuntimeError is zipfile's way to say that a member is encrypted.
        raise MalformedInput(f"the archive is truncated or damaged, {error}") from error
    return packed


def _only_member(packed: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        members = [item for item in archive.infolist() if not item.is_dir()]
        if len(members) != 1:
            raise MalformedInput(f"expected one file in the zip archive, found {len(members)}")
        with archive.open(members[0]) as stream:
            return _bounded(stream.read(_MAX_BYTES + 1))


def _bounded(content: bytes) -> bytes:
    if len(content) > _MAX_BYTES:
        raise MalformedInput(f"expected at most {_MAX_BYTES} bytes unpacked, found more")
    return content


def _decode(content: bytes) -> str:
    if not content.strip():
        raise MalformedInput("the file is empty")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets re-save the page in Windows' own code page; every byte has a meaning there.
        text = content.decode("latin-1")
    if _JUNK in text:
        raise MalformedInput("expected text (CSV or JSON), found binary content")
    return text

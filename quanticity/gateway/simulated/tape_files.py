"""Recorded files that are not what they claim to be: one error for all the ways (pure)."""

import csv
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quanticity.domain.errors import MalformedInput


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Turn what goes wrong in reading a file into MalformedInput that names it."""
    try:
        yield
    except (
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        OSError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        csv.Error,
        zlib.error,
    ) as error:
        raise MalformedInput(f"expected a recording in {file}: {error!r}") from error

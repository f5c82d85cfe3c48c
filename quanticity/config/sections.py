"""Which dataclass types each section of defaults.toml; named here, imported only when asked."""

import os
from importlib import import_module
from typing import Any

from quanticity.config import loader
from quanticity.domain.errors import ConfigError

SECTIONS: dict[str, str] = {
    "timetable": "quanticity.config.timetable:Settings",
    "universe": "quanticity.config.universe:Settings",
}


def settings_class(path: str) -> Any:
    """The Settings dataclass of a section; ConfigError when there is no such section."""
    if path not in SECTIONS:
        raise ConfigError(f"[{path}] is not a section of this platform")
    module, _, name = SECTIONS[path].partition(":")
    return getattr(import_module(module), name)


def validate_all() -> None:
    """Build every section as it is in force; refuse sections and variables nobody knows."""
    for path in sorted(_declared(loader.defaults())):
        loader.build(path, settings_class(path), loader.values(path))
    for name in SECTIONS:
        loader.values(name)
    for key, value in loader.environment():
        path = key.rpartition(".")[0]
        if path not in SECTIONS:
            variable = loader.PREFIX + key.upper().replace(".", "__")
            if variable in os.environ:
                raise ConfigError(f"{variable}: [{path}] is not a section, was {value!r}")


def _declared(tree: dict[str, Any], prefix: str = "") -> set[str]:
    """Paths of all sections in the file: known ones, and tables that are nobody's value."""
    found: set[str] = set()
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if not isinstance(value, dict):
            continue
        if path in SECTIONS:
            found.add(path)
            found |= {p for p in _declared(value, path + ".") if p in SECTIONS}
        elif any(name.startswith(path + ".") for name in SECTIONS):
            found |= _declared(value, path + ".")
        else:
            found.add(path)
    return found

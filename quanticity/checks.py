"""Django system checks: the configuration is complete before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from quanticity.config.sections import validate_all
from quanticity.domain.errors import ConfigError


@register()
def configuration_is_valid(**_: Any) -> list[CheckMessage]:
    """Build every section from defaults.toml and the environment; name what is wrong."""
    try:
        validate_all()
    except ConfigError as error:
        hint = "Correct it in defaults.toml or the environment."
        return [Error(str(error), hint=hint, id="qc.E001")]
    return []

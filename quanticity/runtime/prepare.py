"""What happens before the first process: addresses, secrets, tables, the operator's account."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from quanticity.domain.errors import ConfigError
from quanticity.runtime import embedded
from quanticity.runtime.ports import is_free, usable
from quanticity.runtime.processes import Plan

_FLOWER_BESIDE_WEB = 5555 - 8000
_LAST_PORT = 65535
OPERATOR = "operator"


def plan(*, port: int | None, seed: int | None, tape: Path | None) -> Plan:
    """Decide where this instance lives, the same as last time where that is still free."""
    var: Path = settings.VAR
    port = settings.PORT if port is None else port
    if not 0 < port <= _LAST_PORT:
        raise ConfigError(f"--port: expected 1 to {_LAST_PORT}, was {port}")
    if not is_free(port):
        raise ConfigError(f"--port: expected a free port, was {port}, which is in use")
    if tape is not None and not tape.exists():
        raise ConfigError(f"--tape: expected a file or folder, was {tape}, which is not there")
    simulates = settings.TRADING_MODE == "sim" and not settings.IBKR_HOST
    if tape is not None and not simulates:
        raise ConfigError("--tape: expected mode sim without QC_IBKR_HOST, its market is elsewhere")
    kept = _kept(var)
    chosen = Plan(
        var=var,
        port=port,
        flower_port=_flower_port(port, kept),
        flower_password=_flower_password(var),
        simulator_port=usable(kept.get("simulator_port")) if simulates else None,
        embeds_redis=not os.environ.get("QC_REDIS_URL", "").strip(),
        seed=kept.get("seed") if seed is None else seed,
        tape=tape,
    )
    _keep(chosen)
    return chosen


def connect_store(chosen: Plan) -> None:
    """Configure the embedded server, and let this process know its address as the others will."""
    if not chosen.embeds_redis:
        return
    url = embedded.prepare(chosen.var)
    # This process read its settings before the address was chosen.
    settings.REDIS_URL = url
    if not os.environ.get("QC_BROKER_URL"):
        settings.BROKER_URL = url.removesuffix("/0") + "/1"


def tables() -> None:
    """Bring the database to this version's shape."""
    call_command("migrate", interactive=False, verbosity=0)
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)


def operator_account() -> str | None:
    """Create the operator on the first run and return the password, which is kept nowhere."""
    users: Any = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(OPERATOR, password=password)
    return password


def _kept(var: Path) -> dict[str, Any]:
    path = var / "platform.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _keep(chosen: Plan) -> None:
    content = {
        "simulator_port": chosen.simulator_port,
        "flower_port": chosen.flower_port,
        "seed": chosen.seed,
    }
    embedded.write_private(chosen.var / "platform.json", json.dumps(content))


def _flower_port(port: int, kept: dict[str, Any]) -> int:
    if not os.environ.get("QC_FLOWER_PORT"):
        # 5555 beside 8000, 5556 beside 8001: two that start at once do not want the same one.
        return usable(kept.get("flower_port") or _FLOWER_BESIDE_WEB + port)
    if not is_free(settings.FLOWER_PORT):
        raise ConfigError(
            f"QC_FLOWER_PORT: expected a free port, was {settings.FLOWER_PORT}, which is in use"
        )
    return int(settings.FLOWER_PORT)


def _flower_password(var: Path) -> str:
    path = var / "flower_password"
    if not path.exists():
        embedded.write_private(path, secrets.token_urlsafe(16))
    return path.read_text().strip()

"""One installation serves one environment: mode and account, written at the first start.

The folder QC_VAR, the database and the store each keep what they were first started for; a start
under another mode or account is refused before anything is read or sent. A simulation may trade
against any simulated gateway, so it is bound to its mode alone.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError

from quanticity.domain import clock
from quanticity.domain.errors import ConfigError
from quanticity.models import Environment
from quanticity.runtime.embedded import write_private
from quanticity.store import binding
from quanticity.store.client import StoreDown

PAPER_PREFIX = "DU"  # the broker's paper accounts; a simulated exchange names its own alike
LIVE_PORTS, PAPER_PORTS = (4001, 7496), (4002, 7497)
_LOOKS_LIVE = re.compile(r"U\d+")
_BOUND_TO_ACCOUNT = ("paper", "live")
_FIX = "one QC_VAR, database and Redis serve one environment: give the other its own"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a place was first started for; account "" while it is not known or not bound."""

    mode: str
    account: str = ""

    def __str__(self) -> str:
        return f"{self.mode}, account {self.account}" if self.account else self.mode


def ours() -> Bound:
    """What this process was started for."""
    return Bound(settings.TRADING_MODE, account() if _is_bound() else "")


def account() -> str:
    """The account to trade: as configured, else the one this database has traded; "" is any."""
    named = settings.LIVE_ARMED if settings.TRADING_MODE == "live" else settings.IBKR_ACCOUNT
    if named or not _is_bound():
        return str(named)
    kept = _of_database()
    return "" if kept is None else kept.account


def allows(name: str) -> bool:
    """Say whether orders may go to an account of this name in this mode."""
    if settings.TRADING_MODE == "live":
        return bool(name) and name == settings.LIVE_ARMED and not _is_paper(name)
    if settings.TRADING_MODE == "paper":
        return _is_paper(name) and name == (settings.IBKR_ACCOUNT or name)
    # A simulation: what looks like a live account has to be meant.
    return bool(name) and (not _LOOKS_LIVE.fullmatch(name) or name == settings.IBKR_ACCOUNT)


def check_account(name: str) -> None:
    """Refuse the account that a gateway has logged in to when the mode may not trade it."""
    if not allows(name):
        raise ConfigError(f"mode {settings.TRADING_MODE} may not trade account {name}; {_fix()}")


def bind(port: int) -> None:
    """Refuse settings that disagree; bind folder, database and store at their first start."""
    refuse_contradictions(port)
    _agree(f"QC_VAR {settings.VAR}", _of_folder())
    _agree("the database", _of_database())
    write_private(_file(), json.dumps(asdict(ours())))
    Environment.objects.update_or_create(
        pk=Environment.ONLY,
        defaults=asdict(ours()),
        create_defaults={**asdict(ours()), "bound_at": clock.RealClock().now()},
    )
    bind_store()


def bind_store() -> None:
    """The store's part; while it is away there is nothing of another mode to read from it."""
    try:
        kept = binding.keep(settings.TRADING_MODE)
    except StoreDown:
        return
    _agree("Redis", Bound(kept))


def learn(name: str) -> None:
    """Bind the database to the first paper account that it was traded with."""
    if _is_bound() and allows(name):
        Environment.objects.filter(pk=Environment.ONLY, account="").update(account=name)


def refuse_contradictions(port: int) -> None:
    """Mode, account and port must speak of the same thing (DOMAIN 6.1)."""
    mode, armed, named = settings.TRADING_MODE, settings.LIVE_ARMED, settings.IBKR_ACCOUNT
    if mode == "live":
        if not armed or _is_paper(armed):
            raise ConfigError(f"QC_LIVE_ARMED: expected a live account, was {armed!r}")
        if named and named != armed:
            raise ConfigError(f"QC_IBKR_ACCOUNT: expected {armed} (QC_LIVE_ARMED), was {named}")
    if mode == "paper" and named and not _is_paper(named):
        raise ConfigError(f"QC_IBKR_ACCOUNT: expected a paper account (DU...), was {named}")
    if mode == "sim" and _LOOKS_LIVE.fullmatch(named) and not settings.MODE_IS_WRITTEN:
        raise ConfigError(
            f"QC_TRADING_MODE: expected sim, paper or live beside account {named}, was nothing"
        )
    foreign = {"live": PAPER_PORTS, "paper": LIVE_PORTS}.get(mode, ())
    if port in foreign:
        other = "paper" if mode == "live" else "live"
        raise ConfigError(f"QC_IBKR_PORT: mode {mode}, but {port} is the port of a {other} gateway")


def found() -> dict[str, Bound | None]:
    """What each place is bound to, for `doctor`; None: to nothing yet, or it is away."""
    try:
        kept = binding.kept()
    except StoreDown:
        kept = None
    try:
        of_database = _of_database()
    except DatabaseError:
        of_database = None
    store = None if kept is None else Bound(kept)
    return {"QC_VAR": _of_folder(), "database": of_database, "Redis": store}


def differs(kept: Bound) -> bool:
    """Say whether a place belongs to another environment than ours."""
    mine = ours()
    both = bool(kept.account and mine.account)
    return kept.mode != mine.mode or (both and kept.account != mine.account)


def _agree(place: str, kept: Bound | None) -> None:
    if kept is not None and differs(kept):
        raise ConfigError(f"{place} belongs to {kept}; this start is for {ours()}; {_FIX}")


def _fix() -> str:
    if settings.TRADING_MODE == "live":
        return f"QC_LIVE_ARMED is {settings.LIVE_ARMED or 'empty'}"
    if settings.TRADING_MODE == "paper":
        return f"paper accounts begin with {PAPER_PREFIX}"
    return "if it is a simulated one, name it in QC_IBKR_ACCOUNT"


def _is_bound() -> bool:
    return settings.TRADING_MODE in _BOUND_TO_ACCOUNT


def _is_paper(name: str) -> bool:
    return name.startswith(PAPER_PREFIX)


def _file() -> Path:
    return Path(settings.VAR) / "environment.json"


def _of_folder() -> Bound | None:
    if _file().exists():
        return Bound(**json.loads(_file().read_text()))
    # An installation older than this file: only a simulation keeps a clock of its own.
    return Bound("sim") if settings.CLOCK_FILE.exists() else None


def _of_database() -> Bound | None:
    row = Environment.objects.filter(pk=Environment.ONLY).first()
    return None if row is None else Bound(row.mode, row.account)

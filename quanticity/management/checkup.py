"""What `doctor` looks at: all that /readyz asks, and what an operator should know besides."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from analytics.services import sources
from quanticity import environment, halt_file
from quanticity.config.universe import universe
from quanticity.domain import calendar, clock
from quanticity.domain.clock import RealClock
from quanticity.domain.errors import NotConnected
from quanticity.management import picture
from quanticity.models import LeaseRow
from quanticity.runtime import states
from quanticity.runtime.embedded import OLDEST
from quanticity.runtime.processes import worker_name
from quanticity.store import health, market
from quanticity.store.client import StoreDown, server_settings
from reporting.dashboard import readiness
from reporting.dashboard.readiness import Check, Status

FREE_MIN_BYTES = 2_000_000_000
SKEW_LIMIT_S = 2.0
CALENDAR_MIN = timedelta(days=180)
# Features that are on only with all of their variables (INTERFACES 3).
CREDENTIALS = {
    "Alpha Vantage": ("ALPHAVANTAGE_API_KEY",),
    "Flex statements": ("IBKR_FLEX_TOKEN", "IBKR_FLEX_QUERY_ID"),
    "Telegram": ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_PREMIUM"),
    "X": ("X_CONSUMER_KEY", "X_CONSUMER_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET"),
    "OpenAI": ("OPENAI_API_KEY",),
    "Stripe webhooks": ("STRIPE_WEBHOOK_SECRET",),
    "mail": ("QC_EMAIL_URL",),
}
FIXES = {
    "migrations": "run `manage.py migrate`, or `make up`, which does",
    "redis": "run `make up`, or set QC_REDIS_URL to a server of yours",
    "redis eviction": "set maxmemory-policy noeviction: any other loses owed messages silently",
    "redis persistence": "set appendonly yes, or a restart forgets queued hints",
    "broker": "see redis, or QC_BROKER_URL",
    "workers": "run `make up`; see var/logs/worker-*.log",
    "worker": "run `make up`; see var/logs/worker-*.log",
    "process": "see its file under var/logs",
    "beat": "run `make up`; see var/logs/beat.log",
    "source": "see var/logs/worker-feeds.log; it is tried again by itself",
    "feed": "see var/logs/gateway.log: is this symbol's market data subscribed?",
    "gateway": "see var/logs/gateway.log; is the broker's gateway running and logged in?",
    "database": "see QC_DATABASE_URL",
    "environment": "give each mode and account a QC_VAR, database and Redis of its own",
    "halt file": "run `manage.py halt --clear --reason ...` once trading may go on",
    "clock": "set this machine's clock by NTP",
    "calendar": "run `make calendar` with a newer exchange_calendars",
    "disk": "make room under QC_VAR",
    "platform": "run `make up`",
}


def look() -> list[Check]:
    """Every check, in the order in which one would repair things."""
    return [
        *(_python(), _platform(), _disk()),
        *readiness.checks(),
        *_store(), *_workers(), *_beat_lease(), *_gateway(), *_feeds(), *_sources(),
        *(_environment(), _mode(), _halt(), _clock(), _calendar()),
        *_credentials(),
    ]  # fmt: skip


def document(checks: list[Check]) -> dict[str, Any]:
    """The answer of `doctor --json`; ok unless a check fails."""
    return {
        "ok": all(check.status is not Status.FAIL for check in checks),
        "checks": [_line(check) for check in checks],
    }


def _line(check: Check) -> dict[str, str | None]:
    well = check.status in (Status.OK, Status.OFF)
    fix = None if well else FIXES.get(check.name) or FIXES.get(check.name.split()[0])
    return {"name": check.name, "status": check.status, "detail": check.detail, "fix": fix}


def _python() -> Check:
    return Check("python", Status.OK, f"{platform.python_version()} at {sys.executable}")


def _platform() -> Check:
    keeper = states.keeper(settings.VAR)
    if not states.is_up(settings.VAR) or keeper is None:
        return Check("platform", Status.FAIL, f"nothing is up in {settings.VAR}")
    return Check("platform", Status.OK, f"up in {settings.VAR}, port {keeper.port}")


def _halt() -> Check:
    found = halt_file.standing()
    if found is None:
        return Check("halt file", Status.OK, "none: trading is halted by rows alone")
    return Check("halt file", Status.WARN, f"HALTED by {found.actor}: {found.reason}")


def _store() -> Iterator[Check]:
    try:
        found = server_settings()
    except (NotConnected, StoreDown):
        return  # readiness has said so
    version = tuple(int(part) for part in found["version"].split(".")[:2])
    yield Check("redis version", Status.OK if version >= OLDEST else Status.FAIL, found["version"])
    kept = found["append_only"] == "yes"
    detail = "append-only file is on" if kept else "append-only file is off"
    yield Check("redis persistence", Status.OK if kept else Status.WARN, detail)
    keeps = found["eviction"] == "noeviction"
    detail = f"{found['eviction']}, {found['evicted']} keys evicted"
    yield Check("redis eviction", Status.OK if keeps else Status.FAIL, detail)


def _workers() -> Iterator[Check]:
    names = {queue: worker_name(queue) for queue in picture.QUEUES}
    try:
        seen = health.beats(tuple(names.values()))
    except StoreDown:
        return
    for queue, name in names.items():
        life = readiness.sign_of_life(name, seen[name])
        yield Check(f"worker {queue}", life.status, life.detail)


def _beat_lease() -> Iterator[Check]:
    try:
        row = LeaseRow.objects.filter(name="beat").first()
    except DatabaseError:
        return  # readiness has said so
    if row is None:
        yield Check("beat lease", Status.WARN, "nobody ever held it")
        return
    left_s = (row.expires_at - RealClock().now()).total_seconds()  # of another machine
    if row.boot_id == clock.boot_id():
        left_s = row.until_boot_s - clock.boot_seconds()
    status = Status.OK if left_s > 0 else Status.WARN
    yield Check("beat lease", status, f"{row.holder}, epoch {row.epoch}, {left_s:.0f} s left")


def _gateway() -> Iterator[Check]:
    try:
        link = health.connection()
    except StoreDown:
        return
    if link is None or "state" not in link:
        return  # readiness has said so
    detail = f"account {link.get('account')}, {link.get('data_lines')} data lines"
    yield Check("gateway account", Status.OK if link.get("account") else Status.WARN, detail)
    settled = bool(link.get("reconciled"))
    yield Check(
        "gateway books",
        Status.OK if settled else Status.WARN,
        "reconciled since the last connection" if settled else "not reconciled yet: no new orders",
    )


def _feeds() -> Iterator[Check]:
    is_open = calendar.current(clock.now()) is not None
    for symbol in universe().symbols:
        try:
            quote = market.quote(symbol)
        except StoreDown:
            return
        if quote is None:
            yield Check(f"feed {symbol}", Status.WARN if is_open else Status.OFF, "no quote")
            continue
        age_s = (clock.now() - quote.recv_at).total_seconds() / clock.speed()
        stale = is_open and age_s > readiness.LATE_S
        yield Check(f"feed {symbol}", Status.WARN if stale else Status.OK, f"{age_s:.1f} s old")


def _sources() -> Iterator[Check]:
    for feed in sources.FEEDS:
        if not sources.is_on(feed):
            yield Check(f"source {feed}", Status.OFF, f"off: no {sources.lacking(feed)}")
    try:
        found = sources.condition()
    except StoreDown:
        return
    for one in found:
        name = f"source {one['feed']} {one['symbol']}"
        if one["state"] == "CLOSED":
            age = "never answered" if one["age_s"] is None else f"answered {one['age_s']} s ago"
            yield Check(name, Status.OK, age)
        else:
            said = f"{one['state']}, tried again in {one['retry_in_s']:.0f} s: {one['reason']}"
            yield Check(name, Status.WARN, said)


def _environment() -> Check:
    kept = environment.found()
    detail = "; ".join(f"{place}: {one or 'nothing yet'}" for place, one in kept.items())
    named = settings.IBKR_ACCOUNT
    if any(one is not None and environment.differs(one) for one in kept.values()):
        return Check(
            "environment", Status.FAIL, f"expected {environment.ours()} everywhere; {detail}"
        )
    if settings.TRADING_MODE == "sim" and named and not named.startswith(environment.PAPER_PREFIX):
        detail += f"; orders to {named} are real unless that gateway is a simulated one"
        return Check("environment", Status.WARN, detail)
    return Check("environment", Status.OK, detail)


def _mode() -> Check:
    own = "the simulated exchange" if settings.TRADING_MODE == "sim" else "this machine's gateway"
    where = settings.IBKR_HOST or own
    return Check("mode", Status.OK, f"{settings.TRADING_MODE} on {where}")


def _clock() -> Check:
    now, real = clock.now(), RealClock().now()
    if settings.TRADING_MODE == "sim":
        return Check("clock", Status.OK, f"{clock.display(now)}, simulated, x{clock.speed():g}")
    skew_s = abs((now - real).total_seconds())
    status = Status.OK if skew_s <= SKEW_LIMIT_S else Status.FAIL
    return Check("clock", status, f"{skew_s:.3f} s from this machine's")


def _calendar() -> Check:
    now = clock.now()
    try:
        session = calendar.session(calendar.session_date(now))
        calendar.session_date(now + CALENDAR_MIN)
    except ValueError as error:
        return Check("calendar", Status.FAIL, str(error))
    kind = "half day" if session.is_half_day else "full day"
    return Check("calendar", Status.OK, f"XNYS session {session.date}, {kind}")


def _disk() -> Check:
    free = shutil.disk_usage(settings.VAR).free
    status = Status.OK if free >= FREE_MIN_BYTES else Status.WARN
    return Check("disk", status, f"{free / 1e9:.1f} GB free under {settings.VAR}")


def _credentials() -> Iterator[Check]:
    for feature, names in CREDENTIALS.items():
        lacking = [name for name in names if not os.environ.get(name, "").strip()]
        status = Status.OFF if lacking else Status.OK
        yield Check(feature, status, f"off: no {', '.join(lacking)}" if lacking else "on")

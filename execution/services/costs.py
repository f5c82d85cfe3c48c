"""What executions cost: the broker's reports, read with the sign its gateway uses (DOMAIN 6.11)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from execution import selectors
from execution.ledger import commissions
from execution.models import BrokerConnection, Commission, Fill, OrderIntent
from execution.services.alarms import Severity, raise_alarm
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.orders import Role

_OURS = ("USD", "")
_Status = Commission.Status


def record_commission(exec_id: str, raw: Decimal | None, currency: str) -> str:
    """Keep the cost of one execution and return its intent's id, "" when the fill is not known.

    A sentinel stays pending; a believable cost stands; the same said again changes nothing. A
    statement's word is the last.
    """
    fill = Fill.objects.filter(pk=exec_id).first()
    intent_id = "" if fill is None else selectors.owner_of(fill)
    if Commission.objects.filter(pk=exec_id, stated=True).exists():
        return intent_id
    connection = _connection()
    if fill is not None and _is_known(fill, raw, currency):
        said_before = Commission.objects.filter(pk=exec_id).exclude(connection=connection)
        if said_before.update(connection=connection):
            _mind_the_sign(connection)
        return intent_id
    cost = _read(raw, currency, fill, commissions.Convention(connection.costs))
    if cost is not None and cost.implausible:
        raise_alarm("COMMISSION_IMPLAUSIBLE", f"{exec_id}: {raw} {currency}", Severity.HIGH)
    stands = Commission.objects.filter(pk=exec_id, status=_Status.OK)
    if (cost is None or cost.commission_usd is None) and stands.exists():
        return intent_id
    Commission.objects.update_or_create(
        pk=exec_id,
        defaults={
            "raw": "" if raw is None else str(raw)[:32], "currency": currency,
            **_columns(cost), "connection": connection, "at": clock.now(),
        },
    )  # fmt: skip
    Fill.objects.filter(pk=exec_id).update(booked=False)
    _mind_the_sign(connection)
    return intent_id


def begin_connection(at: datetime) -> None:
    """What is reported from here on comes over a new connection, whose sign is not known yet."""
    BrokerConnection.objects.create(opened_at=at)


def _is_known(fill: Fill, raw: Decimal | None, currency: str) -> bool:
    """Whether the same was said, and read beside its fill: only then could it be judged."""
    said = "" if raw is None else str(raw)[:32]
    same = Commission.objects.filter(pk=fill.pk, raw=said, currency=currency, status=_Status.OK)
    return same.filter(at__gte=fill.recorded_at).exists()


def record_stated(exec_id: str, net_usd: Decimal) -> None:
    """Keep a cost as the broker's statement has it: net of rebates, a cost is plus."""
    zero = Decimal(0)
    Commission.objects.update_or_create(
        pk=exec_id,
        defaults={
            "raw": str(net_usd)[:32], "currency": "USD", "status": _Status.OK, "stated": True,
            "commission_usd": max(net_usd, zero), "rebate_usd": max(-net_usd, zero),
            "at": clock.now(),
        },
    )  # fmt: skip
    Fill.objects.filter(pk=exec_id).update(booked=False)


def _settings() -> commissions.Settings:
    found: commissions.Settings = section("execution.commissions", commissions.Settings)
    return found


def _read(
    raw: Decimal | None, currency: str, fill: Fill | None, convention: commissions.Convention
) -> commissions.Commission | None:
    notional = None if fill is None else _notional(fill)
    cost = commissions.normalize(raw, convention, _settings(), notional_usd=notional)
    return cost if currency in _OURS else None


def _columns(cost: commissions.Commission | None) -> dict[str, object]:
    return {
        "commission_usd": None if cost is None else cost.commission_usd,
        "rebate_usd": None if cost is None else cost.rebate_usd,
        "status": _Status.PENDING if cost is None else _Status(cost.status),
    }


def _connection() -> BrokerConnection:
    """The connection over which the broker speaks now."""
    found = BrokerConnection.objects.first()
    return found or BrokerConnection.objects.create(opened_at=clock.now())


def _first_reports(connection: BrokerConnection) -> Sequence[Decimal]:
    """Costs reported over one connection on marketable openings, in the order of their fills."""
    said = Commission.objects.filter(connection=connection, status=_Status.OK)
    costs = dict(said.values_list("pk", "raw"))
    opening = Fill.objects.filter(pk__in=costs, quantity__gt=0).order_by("recorded_at", "pk")
    return [Decimal(costs[fill.pk]) for fill in opening if _is_marketable(fill)]


def _is_marketable(fill: Fill) -> bool:
    """An entry that paid the ask took liquidity: it cannot have earned a rebate."""
    intent = OrderIntent.objects.filter(
        orders__order_ref=fill.order_ref, orders__role=Role.ENTRY
    ).first()
    if intent is None or intent.arrival_mid is None or intent.arrival_spread is None:
        return False
    return fill.price >= intent.arrival_mid + intent.arrival_spread / 2


def _mind_the_sign(connection: BrokerConnection) -> None:
    """Read this connection's reports anew when they turn out to carry costs as negative numbers."""
    negative = commissions.Convention.COST_NEGATIVE
    if connection.costs == negative:
        return
    if commissions.detect(_first_reports(connection), _settings()) is not negative:
        return
    BrokerConnection.objects.filter(pk=connection.pk).update(costs=negative)
    detail = f"costs are negative numbers since {connection.opened_at:%F %T}"
    raise_alarm("COMMISSION_SIGN", detail, Severity.HIGH)
    for row in Commission.objects.filter(connection=connection, status=_Status.OK, stated=False):
        fill = Fill.objects.filter(pk=row.pk).first()
        cost = _read(Decimal(row.raw), row.currency, fill, negative)
        Commission.objects.filter(pk=row.pk).update(**_columns(cost))
        Fill.objects.filter(pk=row.pk).update(booked=False)


def _notional(fill: Fill) -> Decimal | None:
    intent = OrderIntent.objects.filter(pk=selectors.owner_of(fill)).first()
    return None if intent is None else abs(fill.quantity) * fill.price * intent.multiplier

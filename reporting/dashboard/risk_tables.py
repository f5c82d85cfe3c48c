"""The dashboard's tables of risk: what wants an operator, how near limits are, the stress grid."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse

from analytics.models import FeedEvent
from execution.models import Approval, BookRisk, BreakerTrip, Quarantine
from publishing.selectors import Trouble
from quanticity.domain.readings import instant
from reporting.dashboard import formats
from reporting.dashboard.tables import DOWN, UP, WARN, Cell, Column, Table

_NEAR_FRAC = 0.75


def attention(
    trips: Iterable[BreakerTrip],
    approvals: Iterable[Approval],
    breaks: Iterable[Quarantine],
    feeds: Iterable[FeedEvent] = (),
    troubles: Iterable[Trouble] = (),
) -> Table:
    """What holds, waits, is broken, contradicts itself or did not arrive; each with its remedy."""
    columns = (Column("Since"), Column("What"), Column("Where"), Column("Detail"), Column("Do"))
    rows = [_approval(row) for row in approvals]
    rows += [_trip(row) for row in trips]
    rows += [_break(row) for row in breaks]
    rows += [_feed(row) for row in feeds]
    rows += [_trouble(one) for one in troubles]
    return Table(
        "attention", "Wants an operator", columns, rows,
        "Nothing. Breakers that hold, entries to approve, breaks with the broker, feeds that "
        "contradict each other, channels that are off and messages that did not arrive stand here.",
    )  # fmt: skip


def gauges(risk: BookRisk | None) -> Table:
    """Every measure beside the limit at which its breaker trips."""
    columns = (Column("Measure"), *(Column(n, number=True) for n in ("Now", "Trips at", "Used")))
    rows = [_gauge(gauge) for gauge in (risk.gauges if risk else ())]
    return Table(
        "gauges", "Risk limits", columns, rows,
        "Not looked at yet: the execution worker reads them once the broker has spoken.",
    )  # fmt: skip


def stress(risk: BookRisk | None) -> Table:
    """What the book would gain at once by moves of spot (rows) and volatility (columns)."""
    cells = risk.cells if risk else []
    vols = sorted({cell["vol_volpts"] for cell in cells})
    spots = sorted({cell["spot_frac"] for cell in cells})
    pnl = {(cell["spot_frac"], cell["vol_volpts"]): cell["pnl_usd"] for cell in cells}
    columns = (Column("Spot"), *(Column(_vol(vol), number=True) for vol in vols))
    rows = [
        [Cell(formats.signed_percent(spot)), *(_pnl(pnl[spot, vol]) for vol in vols)]
        for spot in spots
    ]
    missing = risk.missing if risk else ""
    return Table("stress", "Stress grid", columns, rows, missing or "Not computed yet.")


def _vol(points: float) -> str:
    return f"Volatility {formats.signed_points(points)}"


def _pnl(usd: float) -> Cell:
    return Cell(formats.dollars(usd), number=True, tone=UP if usd > 0 else DOWN if usd < 0 else "")


def _gauge(gauge: Mapping[str, Any]) -> list[Cell]:
    used = gauge["used_frac"]
    tone = "" if used is None or used < _NEAR_FRAC else WARN if used < 1 else DOWN
    return [
        Cell(gauge["name"]),
        Cell(_measure(gauge["value"], gauge["unit"]), number=True, tone=tone),
        Cell(_measure(gauge["limit"], gauge["unit"]), number=True),
        Cell(formats.percent(used), number=True, tone=tone),
    ]


def _measure(value: float | None, unit: str) -> str:
    if value is None:
        return formats.DASH
    if unit == "frac":
        return f"{_unsigned_zero(f'{value * 100:.2f}')} %"
    return f"{value:.1f} s" if unit == "s" else f"{value:.2f}" if unit == "sd" else f"{value:.0f}"


def _trip(row: BreakerTrip) -> list[Cell]:
    effect = row.state if row.state != "ACTIVE" else f"stake x {row.multiplier:f}"
    return [
        Cell(formats.time_of_day(row.at), at=instant(row.at)),
        Cell(f"{formats.word(row.breaker)}: {formats.word(effect)}", tone=DOWN),
        Cell(row.scope),
        Cell(f"{row.value} against {row.threshold}; ends: {formats.word(row.rearm)}"),
        Cell("Release…", href=_do("release", row.pk)),
    ]


def _approval(row: Approval) -> list[Cell]:
    return [
        Cell(formats.time_of_day(row.created_at), at=instant(row.created_at)),
        Cell("approval wanted", tone=WARN),
        Cell(row.summary.partition(" ")[0]),
        Cell(f"{row.summary}; until {formats.time_of_day(row.expires_at)}"),
        Cell("Approve or decline…", href=reverse("admin:execution_approval_changelist")),
    ]


def _break(row: Quarantine) -> list[Cell]:
    return [
        Cell(formats.time_of_day(row.opened_at), at=instant(row.opened_at)),
        Cell(formats.word(row.kind), tone=DOWN),
        Cell(row.symbol or "every symbol"),
        Cell(row.detail),
        Cell("Resolve…", href=_do("resolve", row.pk)),
    ]


def _feed(row: FeedEvent) -> list[Cell]:
    events = reverse("admin:analytics_feedevent_changelist")
    contradicts = row.kind == FeedEvent.Kind.DISAGREE
    return [
        Cell(formats.time_of_day(row.at), at=instant(row.at)),
        Cell("feeds disagree" if contradicts else "feed suspended", tone=WARN),
        Cell(row.symbol or "every symbol"),
        Cell(f"{row.feed}: {row.detail}"),
        Cell("Look…", href=f"{events}?feed={row.feed}&symbol={row.symbol}"),
    ]


def _trouble(one: Trouble) -> list[Cell]:
    return [
        Cell(formats.time_of_day(one.since), at=instant(one.since)),
        Cell(one.what, tone=DOWN if one.detail else WARN),
        Cell(one.where),
        Cell(one.detail or formats.DASH),
        Cell("Look…", href=reverse(f"admin:publishing_{one.page}")),
    ]


def _do(operation: str, subject: object) -> str:
    return f"{reverse('operate', args=(operation,))}?subject={subject}"


def _unsigned_zero(text: str) -> str:
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", formats.MINUS)

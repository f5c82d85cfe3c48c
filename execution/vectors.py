"""Answers of this stage to the golden vectors: sizing, stops, pnl (DOMAIN 13)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from execution.ledger import commissions, pnl
from execution.orders import sizing, stops
from quanticity.config.loader import section
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Fill
from quanticity.domain.signals import Strategy
from quanticity.golden import Case, Check

_CONTRACT = parse_occ("SPY251121C00600000")
_OPENED = datetime(2025, 11, 21, 15, tzinfo=UTC)
_MULTIPLIER = 100  # the file's notes


def _exact(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _known(value: float) -> Decimal:
    return Decimal(str(value))


def _size(case: Case) -> dict[str, Any]:
    given = case.given
    stats = given["stats"]
    request = sizing.Request(
        strategy=Strategy(given["strategy"]),
        confidence=given["confidence"],
        limit_price=_known(given["limit_price"]),
        multiplier=given["multiplier"],
        stop_loss_frac=_known(given["stop_loss_frac"]),
        equity_usd=_exact(given["equity_usd"]),
        buying_power_usd=_exact(given["buying_power_usd"]),
        account_age_s=0,
        stats=stats
        and sizing.Stats(
            stats["wins"],
            stats["losses"],
            _exact(stats["mean_win_frac"]),
            _exact(stats["mean_loss_frac"]),
        ),
        risk_multiplier=_known(given["risk_multiplier"]),
        liquidity_cap_contracts=given["liquidity_cap_contracts"],
    )
    sized = sizing.compute(request, section("execution.sizing", sizing.Settings))
    return {name: getattr(sized, name) for name in case.want}


def _kelly(case: Case) -> dict[str, Any]:
    given = case.given
    f_star = sizing.kelly(_known(given["p"]), _known(given["loss_frac"]), _known(given["win_frac"]))
    return {"f_star": f_star, "trade": f_star > 0}


def _ladder(_: Case) -> list[list[Decimal]]:
    return [list(rung) for rung in section("execution.stops", stops.Settings).ladder]


def _initial_risk(case: Case) -> dict[str, Any]:
    profiles = section("execution.stops", stops.Settings).profiles
    return {name: profiles[Strategy(name)].initial_risk_pct for name in case.want}


def _path(case: Case) -> dict[str, Any]:
    settings = section("execution.stops", stops.Settings)
    given = case.given
    increments = ((Decimal(0), _known(given["tick"])),)
    ratchet = stops.initial(
        Strategy(given["strategy"]), _known(given["entry"]), increments, settings
    )
    first, steps = ratchet.stop, []
    for mark in given["marks"]:
        step = stops.advance(ratchet, _known(mark), increments, settings)
        ratchet = step.ratchet
        steps.append(
            {
                "mark": step.mark,
                "peak": ratchet.peak,
                "rung_profit_pct": step.rung_profit_pct,
                "trail_pct": step.trail_pct,
                "candidate": step.candidate,
                "stop": ratchet.stop,
                "moved": step.moved,
                "hit": step.hit,
            }
        )
        if step.hit:
            break
    return {"initial_stop": first, "steps": steps}


def _fill(number: int, given: dict[str, Any]) -> Fill:
    sign = 1 if given["side"] == "BUY" else -1
    return Fill(
        exec_id=given["exec_id"],
        order_ref="",
        perm_id=0,
        contract=_CONTRACT,
        con_id=1,
        quantity=sign * given["qty"],
        price=_known(given["price"]),
        executed_at=_OPENED + timedelta(seconds=number),
        account="DU1",
        commission=_exact(given["commission_usd"]),
    )


def _ledger(case: Case) -> dict[str, Any]:
    fills = [_fill(number, given) for number, given in enumerate(case.given["fills"])]
    ledger = pnl.apply(fills, _MULTIPLIER)
    return {
        "closes": [
            {"exec_id": c.exec_id, "gross_usd": c.gross_usd, "net_usd": c.net_usd}
            for c in ledger.closes
        ],
        "realized_gross_usd": ledger.realized_gross_usd,
        "realized_net_usd": ledger.realized_net_usd,
        "open_qty": ledger.open_quantity,
        "open_lots": [[lot.quantity, lot.price] for lot in ledger.lots],
        "open_avg_price": ledger.open_average_price,
        "cash_flow_usd": ledger.cash_flow_usd,
    }


def _commission(case: Case) -> dict[str, Any]:
    found = commissions.normalize(
        case.given["raw"],
        commissions.Convention(case.given["convention"]),
        section("execution.commissions", commissions.Settings),
    )
    return {name: getattr(found, name) for name in case.want}


def _sign(case: Case) -> dict[str, Any]:
    settings = section("execution.commissions", commissions.Settings)
    return {"convention": commissions.detect(case.given["marketable_opening_raws"], settings)}


CHECKS: dict[str, Check] = {
    "sizing/cases": Check(_size),
    "sizing/kelly_cases": Check(_kelly),
    "stops/ladder": Check(_ladder),
    "stops/initial_risk_pct": Check(_initial_risk),
    "stops/cases": Check(_path),
    "pnl/cases": Check(_ledger),
    "pnl/commission_cases": Check(_commission),
    "pnl/sign_cases": Check(_sign),
}

"""What the book could lose now: every holding revalued under the grid and under past sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from analytics import selectors as analytics
from execution import selectors
from execution.models import AccountValues, BookRisk, Position
from execution.risk import stress
from execution.risk.gauges import Gauge
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.readings import plain

_UNPRICED = "a holding has no volatility in its chain"


@dataclass(frozen=True, slots=True)
class _Past:
    """Returns of each underlying over the sessions that all of them have."""

    symbols: tuple[str, ...]
    days: tuple[date, ...]
    returns: stress.Floats  # one row per session, one column per symbol


def refresh(account: AccountValues) -> BookRisk:
    """Compute the book's risk and keep it as the account's row."""
    settings = section("execution.stress", stress.Settings)
    held = [p for p in selectors.open_positions() if p.quantity_open > 0]
    past = _past(sorted({p.symbol for p in held}), settings)
    shocks = stress.grid(settings)
    found = _cells(held, shocks)
    var, lacking = _var_usd(held, past, settings)
    row, _ = BookRisk.objects.update_or_create(
        pk=account.account,
        defaults={
            "at": clock.now(), "var_usd": var, "sessions_n": len(past.days),
            "worst_usd": None if found is None else stress.worst_loss_usd(found),
            "cells": [plain(cell) for cell in found or ()],
            "missing": lacking if found is not None else _UNPRICED,
        },
    )  # fmt: skip
    return row


def keep_gauges(read: Sequence[Gauge]) -> None:
    """Write what breakers see beside the account's risk, for the pages."""
    shown = [{**plain(gauge), "used_frac": gauge.used_frac} for gauge in read]
    BookRisk.objects.update(gauges=shown)


def share(usd: float | None, equity_usd: Decimal) -> Decimal | None:
    """A loss as a fraction of equity."""
    if usd is None or equity_usd <= 0:
        return None
    return Decimal(str(round(usd, 2))) / equity_usd


def _past(symbols: Sequence[str], settings: stress.Settings) -> _Past:
    by_symbol = [analytics.daily_returns(symbol, settings.sessions_n) for symbol in symbols]
    shared = set.intersection(*(set(one) for one in by_symbol)) if by_symbol else set()
    days = tuple(sorted(shared))
    rows = [[one[day] for one in by_symbol] for day in days]
    return _Past(tuple(symbols), days, np.asarray(rows, float).reshape(len(days), len(symbols)))


def _cells(
    held: Sequence[Position], shocks: Sequence[tuple[float, float]]
) -> tuple[stress.Cell, ...] | None:
    total = np.zeros(len(shocks))
    for position in held:
        moved = _moved(position, shocks)
        if moved is None:
            return None
        total += moved
    return stress.cells(shocks, total)


def _moved(position: Position, shocks: Sequence[tuple[float, float]]) -> stress.Floats | None:
    per_share = analytics.revalued(parse_occ(position.occ), position.symbol, shocks)
    size = position.quantity_open * position.multiplier
    return None if per_share is None else np.asarray(per_share, float) * size


def _var_usd(
    held: Sequence[Position], past: _Past, settings: stress.Settings
) -> tuple[float | None, str]:
    """The value at risk, and what it lacks."""
    if not held:
        return 0.0, ""
    if len(past.days) >= settings.min_sessions_n:
        both = _historical(held, past, settings), _parametric(held, past, settings)
        return stress.worse(*both), "" if None not in both else _UNPRICED
    alone = [_alone(symbol, held, settings) for symbol in past.symbols]
    known = [one for one in alone if one is not None]
    if len(known) < len(alone):
        return None, _UNPRICED
    return sum(known), f"value at risk: {len(past.days)} common sessions, each alone, by its IV"


def _alone(symbol: str, held: Sequence[Position], settings: stress.Settings) -> float | None:
    """Delta-gamma loss of one underlying at its contracts' highest volatility: no history asked."""
    own = [p for p in held if p.symbol == symbol]
    sigmas = [analytics.contract_volatility(parse_occ(p.occ), symbol) for p in own]
    greeks = [analytics.contract_greeks(parse_occ(p.occ), symbol) for p in own]
    if None in sigmas or None in greeks:
        return None
    sizes = [p.quantity_open * p.multiplier for p in own]
    delta = sum(g[0] * n for g, n in zip(greeks, sizes, strict=True) if g is not None)
    gamma = sum(g[1] * n for g, n in zip(greeks, sizes, strict=True) if g is not None)
    daily = max(s for s in sigmas if s is not None) ** 2 / settings.sessions_a_year
    return stress.parametric_usd([delta], [gamma], [[daily]], settings)


def _historical(held: Sequence[Position], past: _Past, settings: stress.Settings) -> float | None:
    pnl = np.zeros(len(past.days))
    for position in held:
        column = past.returns[:, past.symbols.index(position.symbol)]
        moved = _moved(position, [(float(x), 0.0) for x in column])
        if moved is None:
            return None
        pnl += moved
    return stress.historical_usd(pnl, settings)


def _parametric(held: Sequence[Position], past: _Past, settings: stress.Settings) -> float | None:
    delta, gamma = np.zeros(len(past.symbols)), np.zeros(len(past.symbols))
    for position in held:
        one = analytics.contract_greeks(parse_occ(position.occ), position.symbol)
        if one is None:
            return None
        size, column = (
            position.quantity_open * position.multiplier,
            past.symbols.index(position.symbol),
        )
        delta[column] += one[0] * size
        gamma[column] += one[1] * size
    covariance = np.atleast_2d(np.cov(past.returns, rowvar=False))
    return stress.parametric_usd(delta, gamma, covariance, settings)

"""Approval mode: entries of some strategies wait for an operator's yes, for a while."""

from dataclasses import dataclass
from datetime import timedelta

from execution.models import Approval, OrderIntent
from execution.orders.sizing import Sizing
from quanticity.config.loader import section
from quanticity.domain import clock
from quanticity.domain.instruments import parse_occ
from quanticity.domain.orders import Bracket


@dataclass(frozen=True, slots=True)
class Settings:
    """[execution.approvals]."""

    strategies: tuple[str, ...]
    expires_s: float


def is_needed(intent: OrderIntent) -> bool:
    """Say whether this entry may not go before an operator has said yes; a probe may."""
    wanted = section("execution.approvals", Settings).strategies
    if intent.strategy not in wanted or intent.probe:
        return False
    return not Approval.objects.filter(pk=intent.pk, state=Approval.State.APPROVED).exists()


def ask(intent: OrderIntent, bracket: Bracket, sized: Sizing) -> Approval:
    """Put the order that passed every rule before an operator."""
    now, s = clock.now(), section("execution.approvals", Settings)
    row, _ = Approval.objects.get_or_create(
        pk=intent.pk,
        defaults={
            "summary": summary(intent, bracket, sized), "created_at": now,
            "expires_at": now + timedelta(seconds=s.expires_s),
        },
    )  # fmt: skip
    return row


def summary(intent: OrderIntent, bracket: Bracket, sized: Sizing) -> str:
    """What is to be sent, in one line."""
    entry, stop = bracket.entry, bracket.stop
    return (
        f"{intent.strategy} {entry.side} {entry.quantity} {parse_occ(intent.occ)} "
        f"at {entry.limit_price}, stop {stop.stop_price}, {sized.notional_usd:.2f} USD"
    )

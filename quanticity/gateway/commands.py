"""What a worker may ask the broker, which only the gateway process can reach.

A question waits for its answer and sends nothing; orders go by rows (`execution.services.broker`).
No answer is an answer too: `Unavailable`, and the caller has to treat it as unknown.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from quanticity.config.loader import section
from quanticity.domain.instruments import parse_occ
from quanticity.domain.market import Side
from quanticity.domain.orders import Margin, OrderType, Role, Ticket, TimeInForce
from quanticity.domain.readings import Unavailable, instant
from quanticity.store import questions
from quanticity.store.client import StoreDown

PROCESS = "gateway"
WHAT_IF = "what_if"
Answer = Callable[[Ticket], Margin | Unavailable]
_here: Answer | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How long a worker waits for the gateway process."""

    what_if_s: float


@contextmanager
def answered_by(answer: Answer) -> Iterator[None]:
    """Have questions answered in this process: a replay and a test have no gateway process."""
    global _here  # noqa: PLW0603 - who answers in this process
    before, _here = _here, answer
    try:
        yield
    finally:
        _here = before


def what_if(ticket: Ticket) -> Margin | Unavailable:
    """What this order would do to the account, as the broker says; nothing is sent."""
    if _here is not None:
        return _here(ticket)
    wait_s = section("gateway.commands", Settings).what_if_s
    try:
        answer = questions.ask(PROCESS, {"ask": WHAT_IF, "ticket": as_text(ticket)}, wait_s)
    except StoreDown as error:
        return Unavailable(WHAT_IF, "FEED_DOWN", f"the store is away: {type(error).__name__}")
    if answer is None:
        return Unavailable(WHAT_IF, "FEED_DOWN", f"no answer within {wait_s:g} s")
    if "error" in answer:
        return Unavailable(WHAT_IF, "ERROR", answer["error"])
    return margin_from(answer)


def as_text(ticket: Ticket) -> dict[str, Any]:
    """A ticket as it travels: money as text, so that no cent is lost."""
    return {
        "order_ref": ticket.order_ref,
        "role": ticket.role,
        "occ": ticket.contract.occ,
        "side": ticket.side,
        "quantity": ticket.quantity,
        "order_type": ticket.order_type,
        "time_in_force": ticket.time_in_force,
        "limit_price": _text(ticket.limit_price),
        "stop_price": _text(ticket.stop_price),
    }


def ticket_from(text: dict[str, Any]) -> Ticket:
    """The ticket again."""
    return Ticket(
        text["order_ref"], Role(text["role"]), parse_occ(text["occ"]), Side(text["side"]),
        text["quantity"], OrderType(text["order_type"]), TimeInForce(text["time_in_force"]),
        _money(text["limit_price"]), _money(text["stop_price"]),
    )  # fmt: skip


def margin_text(margin: Margin) -> dict[str, Any]:
    """An answer as it travels."""
    return {
        "initial_after_usd": _text(margin.initial_after_usd),
        "equity_after_usd": _text(margin.equity_after_usd),
        "commission_usd": _text(margin.commission_usd),
        "at": instant(margin.at),
    }


def margin_from(text: dict[str, Any]) -> Margin:
    """The answer again."""
    return Margin(
        initial_after_usd=_money(text["initial_after_usd"]),
        equity_after_usd=_money(text["equity_after_usd"]),
        commission_usd=_money(text["commission_usd"]),
        at=datetime.fromisoformat(text["at"]),
    )


def _text(money: Decimal | None) -> str | None:
    return None if money is None else str(money)


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

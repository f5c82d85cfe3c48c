"""The dealers' inventory from signed prints, carried from session to session."""

from analytics import states
from analytics.calculators import option_flow, signed_flow
from quanticity.config.loader import section
from quanticity.domain import calendar, clock
from quanticity.domain.options import Chain


def close_session(symbol: str, flow: option_flow.State) -> None:
    """Add a session that is over to the inventory."""
    if flow.session is None:
        return
    before = _carried(symbol)
    after = signed_flow.close(before, flow.session, dict(flow.sums))
    if after != before:
        states.save(symbol, "signed_flow", after)


def book(chain: Chain) -> signed_flow.Book | None:
    """Dealers' contracts by now; None before there are enough sessions of prints."""
    flow = states.load(chain.underlying, "option_flow", option_flow.State)
    today = calendar.session_date(clock.now())
    sums = dict(flow.sums) if flow is not None and flow.session == today else {}
    own = section("analytics.signed_flow", signed_flow.Settings)
    return signed_flow.compute(_carried(chain.underlying), sums, chain, own)


def _carried(symbol: str) -> signed_flow.State:
    return states.load(symbol, "signed_flow", signed_flow.State) or signed_flow.State()

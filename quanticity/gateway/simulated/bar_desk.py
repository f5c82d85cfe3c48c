"""Past bars of anything listed: stocks and indexes, options, volatilities (pure)."""

from dataclasses import dataclass
from datetime import datetime

from quanticity.domain.calendar import Session
from quanticity.gateway.simulated import option_bars
from quanticity.gateway.simulated.bars import Bar, Bars
from quanticity.gateway.simulated.contracts import Listed
from quanticity.gateway.simulated.market import Market


@dataclass(frozen=True, slots=True)
class BarDesk:
    """Sends a request for a session's bars to who makes them."""

    bars: Bars
    market: Market

    def of(
        self,
        listed: Listed,
        session: Session,
        seconds: int,
        until: datetime,
        what: str,
        last_s: int | None = None,
    ) -> list[Bar]:
        """Bars of a session up to an instant; of an option perhaps only the last seconds."""
        name = listed.symbol.name
        if what in {option_bars.IMPLIED, option_bars.REALIZED}:
            return [option_bars.volatility(self.market, name, session, what)]
        if listed.option is None:
            return self.bars.of_session(name, session, seconds, until, what)
        done = min(int((until - session.open_at).total_seconds()), session.rth_s)
        first = 0 if last_s is None else max(done - last_s, 0) // seconds * seconds
        span = range(first, max(done, first))
        if not span:
            return []
        made = option_bars.of_session(self.market, listed.con_id, session, seconds, span, what)
        return list(made)

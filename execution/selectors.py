"""Reads of the execution stage: its only entrance for the stages after it.

The rooms behind it are `reads/`, one per subject.
"""

from execution.reads.answers import (
    Answer,
    answer_of,
    ended_answers,
    ended_shadows,
    has_owed_events,
    owed_answers,
    owed_events,
    owed_notices,
)
from execution.reads.executions import (
    awaits_fills,
    awaits_sales,
    domain_fills,
    fills_of,
    owner_of,
    settled_quantities,
    trade_fills,
)
from execution.reads.positions import (
    are_trading_late,
    cancel_patience,
    closed_in,
    contracts_to_hold,
    entry_intent_id,
    has_unfinished,
    intent_of,
    intents_to_book,
    live_intents,
    naked_ms,
    naked_now_ms,
    open_positions,
    recent_orders,
    recent_positions,
    submit_patience,
    trade_of,
    trade_stats,
    trading_late,
    unknown_patience,
    without_intent,
    working_entries,
)
from execution.reads.sells import (
    claiming_sells,
    protected_quantity,
    sellable,
    wished_sells,
    working_sells,
)
from execution.reads.standing import (
    GLOBAL,
    Standing,
    account_values,
    book_risk,
    denials,
    held_breakers,
    holding_trips,
    is_fresh,
    last_reconciliation,
    latest_session,
    open_quarantines,
    quarantines,
    risk_multiplier,
    standing,
    states_of,
    trading_state,
    trading_states,
    waiting_approvals,
)
from execution.reads.statement import (
    books,
    zero_break_days,
)

__all__ = [
    "GLOBAL", "Answer", "Standing", "account_values", "answer_of", "are_trading_late",
    "awaits_fills", "awaits_sales",
    "book_risk", "books", "cancel_patience", "claiming_sells", "closed_in", "contracts_to_hold",
    "denials", "domain_fills", "ended_answers", "ended_shadows", "entry_intent_id", "fills_of",
    "has_owed_events", "has_unfinished", "held_breakers", "holding_trips", "intent_of",
    "intents_to_book", "is_fresh", "last_reconciliation", "latest_session", "live_intents",
    "naked_ms", "naked_now_ms", "open_positions", "open_quarantines", "owed_answers",
    "owed_events", "owed_notices", "owner_of", "protected_quantity", "quarantines",
    "recent_orders", "recent_positions", "risk_multiplier", "sellable", "settled_quantities",
    "standing", "states_of", "submit_patience", "trade_fills", "trade_of", "trade_stats",
    "trading_late", "trading_state", "trading_states", "unknown_patience", "waiting_approvals",
    "wished_sells", "without_intent", "working_entries", "working_sells", "zero_break_days",
]  # fmt: skip

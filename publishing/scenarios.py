"""Trades to rehearse with: every kind of event that a subscriber can be told of."""

from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a trade, so many seconds after its entry; `late_s` delays its sending."""

    kind: str
    after_s: float
    facts: Facts
    late_s: float = 0.0
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One trade's life."""

    steps: tuple[Step, ...]
    source: str = "live"
    probe: bool = False
    price_now: str | None = "2.15"


_CALL: Facts = {
    "trade_no": "T-20251121-001", "symbol": "SPY", "direction": 1, "strategy": "0DTE",
    "occ": "SPY251121C00600000", "contract": "SPY 21 Nov 25 600C", "expiry_date": "2025-11-21",
    "strike": "600", "right": "C", "filled_at": "2025-11-21T15:04:05.123Z",
    "dealer_context": {
        "regime": "NEGATIVE", "flip": "601.25", "call_wall": "605", "put_wall": "595",
        "vol_regime": "NORMAL",
    },
}  # fmt: skip
_PUT: Facts = {
    **_CALL,
    "trade_no": "T-20251121-002", "symbol": "QQQ", "direction": -1, "strategy": "1DTE",
    "occ": "QQQ251124P00515000", "contract": "QQQ 24 Nov 25 515P", "expiry_date": "2025-11-24",
    "strike": "515", "right": "P",
}  # fmt: skip

ENTRY: Facts = {
    **_CALL,
    "fill_price": "2.00", "quantity": 4, "notional_usd": "800.00", "commission_usd": None,
    "stop_price": "1.00", "targets": ["2.60", "3.50", "5.00"], "confidence": 92.4,
    "components": [
        {"name": "dealer gamma", "value": 24.0}, {"name": "order-flow toxicity", "value": 11.25},
        {"name": "book pressure", "value": 8.5}, {"name": "momentum", "value": -2.0},
    ],
    "tags": ["SHORT_GAMMA", "TOXIC_FLOW"],
}  # fmt: skip
ADJUSTMENT: Facts = {
    **_CALL,
    "stop_from": "1.00", "stop_price": "2.08", "locked_in_frac": "0.04", "quantity": 4,
    "remaining_quantity": 4, "targets": ["2.60", "3.50", "5.00"], "exit_reason": "TRAIL",
}  # fmt: skip
SCALE_OUT: Facts = {
    **_CALL,
    "fill_price": "2.60", "quantity": 1, "notional_usd": "260.00", "commission_usd": "1.30",
    "stop_price": "2.08", "targets": ["3.50", "5.00"], "remaining_quantity": 3,
    "realised_net_usd": "58.70", "return_frac": "0.291811", "provisional": False,
}  # fmt: skip
EXIT: Facts = {
    **_CALL,
    "fill_price": "3.18", "entry_price": "2.00", "quantity": 4, "notional_usd": "800.00",
    "commission_usd": "5.20", "realised_net_usd": "466.80", "return_frac": "0.581611",
    "result": "WIN", "holding_s": 5_520.0, "exit_reason": "STOP", "provisional": False,
}  # fmt: skip
LOSS_ENTRY: Facts = {
    **ENTRY, **_PUT,
    "fill_price": "4.35", "quantity": 12, "notional_usd": "5220.00", "commission_usd": "7.80",
    "stop_price": "2.39", "targets": ["5.66", "7.61"], "confidence": 76.0,
}  # fmt: skip
LOSS_EXIT: Facts = {
    **EXIT, **_PUT,
    "fill_price": "2.38", "entry_price": "4.35", "quantity": 12, "notional_usd": "5220.00",
    "commission_usd": "15.60", "realised_net_usd": "-2379.60", "return_frac": "-0.455181",
    "result": "LOSS", "holding_s": 754.0, "exit_reason": "STOP",
}  # fmt: skip
EXPIRY: Facts = {
    **EXIT,
    "fill_price": "0.00", "realised_net_usd": "-802.60", "return_frac": "-1.000000",
    "result": "LOSS", "holding_s": 20_700.0, "exit_reason": "EXPIRY",
}  # fmt: skip
CORRECTION: Facts = {
    **_CALL, "corrects": "EXIT",
    "fill_price": "3.08", "quantity": 4, "notional_usd": "800.00", "commission_usd": "5.20",
    "realised_net_usd": "426.80", "return_frac": "0.531773", "result": "WIN",
    "provisional": False,
    "was": {
        "fill_price": "3.18", "realised_net_usd": "466.80", "return_frac": "0.581611",
        "result": "WIN", "provisional": False,
    },
    "reason": "The exchange corrected the exit fill.",
}  # fmt: skip
# The broker owes the exit's cost: told with what is known, and again when it came.
UNCOSTED_TRIM: Facts = {
    **SCALE_OUT,
    "commission_usd": None, "realised_net_usd": "59.35", "return_frac": "0.295042",
    "provisional": True,
}  # fmt: skip
UNCOSTED_EXIT: Facts = {
    **EXIT,
    "commission_usd": None, "realised_net_usd": "469.40", "return_frac": "0.584850",
    "provisional": True,
}  # fmt: skip
COSTED: Facts = {
    **CORRECTION,
    "fill_price": "3.18", "realised_net_usd": "466.80", "return_frac": "0.581611",
    "was": {
        "fill_price": "3.18", "quantity": 4, "realised_net_usd": "469.40",
        "return_frac": "0.584850", "result": "WIN", "provisional": True,
    },
    "reason": "All costs are known: what was told as #3 is now final.",
}  # fmt: skip

_COUNTS: Facts = {
    "n_trades": 2, "n_wins": 1, "n_losses": 1, "n_flats": 0, "net_usd": "-1912.80",
    "net_frac": "-0.001913",
}  # fmt: skip
_REVIEW: Facts = {
    **_COUNTS, "period": "Nov 21, 2025", "trades": [EXIT, LOSS_EXIT], "best": EXIT,
    "worst": LOSS_EXIT,
}  # fmt: skip
SUMMARY: Facts = {"trade_no": "SUMMARY-20251121", "title": "Session of Nov 21, 2025", **_REVIEW}
RECAP: Facts = {
    **_REVIEW, "trade_no": "RECAP-20251121", "title": "Week of Nov 17, 2025 to Nov 21, 2025",
    "n_provisional": 1, "n_settling": 1,
    "period": "Nov 17, 2025 to Nov 21, 2025",
}  # fmt: skip
PERFORM: Facts = {
    **_COUNTS, "trade_no": "PERFORM-20251121", "title": "Performance since the first trade",
    "period": "Oct 1, 2025 to Nov 21, 2025", "n_sessions": 38, "profit_factor": 1.42,
    "win_rate_low_frac": 0.28, "win_rate_high_frac": 0.72, "net_frac": None,
}  # fmt: skip
TEASER: Facts = {
    **_COUNTS, "trade_no": "TEASER-20251121", "period": "Nov 20, 2025",
    "title": "Before the open: Nov 20, 2025 in numbers",
}  # fmt: skip
HEAD: Facts = {
    "trade_no": "HEAD-20251121-O", "title": "Track record after Nov 20",
    "session_date": "2025-11-20", "root": "f5d3df79" * 8, "head": "17e6deca" * 8,
    "first_seq": 118, "last_seq": 164,
}  # fmt: skip
NOTICE: Facts = {
    "trade_no": "NOTICE-1", "title": "Halt", "severity": "HALT",
    "text": "New entries are halted (global). Open positions stay protected.",
}  # fmt: skip
MOC: Facts = {
    "trade_no": "MOC-20251121-60", "title": "Closing auction", "minutes_to_close": 60,
    "label": "MODEL ESTIMATE", "urgent": True, "missing": None,
    "leaders": [
        {
            "symbol": "SPY", "imbalance_usd": -2.5e9, "adv_frac": 0.083, "ratio": 0.61,
            "low_usd": -2.9e9, "high_usd": -2.1e9, "indicative_bps": -4.0, "previous_usd": 6e8,
        },
    ],
    "watchlist": [{"symbol": "QQQ", "imbalance_usd": 3e8, "ratio": 0.44}],
}  # fmt: skip

SCENARIOS: dict[str, Scenario] = {
    "winner": Scenario(
        (
            Step("ENTRY", 0, ENTRY),
            Step("ADJUSTMENT", 1_800, ADJUSTMENT),
            Step("SCALE_OUT", 2_400, SCALE_OUT),
            Step("EXIT", 5_520, EXIT),
            Step("CORRECTION", 9_000, CORRECTION),
        )
    ),
    "uncosted": Scenario(
        (
            Step("ENTRY", 0, ENTRY),
            Step("SCALE_OUT", 2_400, UNCOSTED_TRIM),
            Step("EXIT", 5_520, UNCOSTED_EXIT),
            Step("CORRECTION", 5_640, COSTED),
        )
    ),
    "loser": Scenario((Step("ENTRY", 0, LOSS_ENTRY), Step("EXIT", 754, LOSS_EXIT))),
    "expiry": Scenario((Step("ENTRY", 0, ENTRY), Step("EXPIRY", 20_700, EXPIRY)), price_now=None),
    "withheld": Scenario(
        (Step("ENTRY", 0, ENTRY, withheld=True), Step("EXIT", 5_520, EXIT, late_s=1_900)),
        price_now=None,
    ),
    "posts": Scenario(
        (
            Step("TEASER", 0, TEASER),
            Step("HEAD", 2_700, HEAD),
            Step("NOTICE", 4_000, NOTICE),
            Step("MOC", 22_500, MOC),
            Step("SUMMARY", 23_700, SUMMARY),
            Step("PERFORM", 24_000, PERFORM),
            Step("RECAP", 24_900, RECAP),
        ),
        price_now=None,
    ),
    "probe": Scenario((Step("ENTRY", 0, ENTRY), Step("EXIT", 60, EXIT)), source="sim", probe=True),
}

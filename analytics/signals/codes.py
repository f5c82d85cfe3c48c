"""Every gate by its code: what it demands, how value and threshold compare, where it is written.

Explanations are made from this table and from nothing else, so a decision is never explained by
free text (DOMAIN 5.10). `docs/signals.md` is this table with the test that proves each row.
"""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """The order in which a decision is walked (DOMAIN 5.2)."""

    CONTEXT = "context"
    VETO = "veto"
    DIRECTION = "direction"
    CONFIDENCE = "confidence"
    CONTRACT = "contract"
    ADMISSION = "admission"
    LIMIT = "limit in force"


@dataclass(frozen=True, slots=True)
class Code:
    """One gate: its step, how its value is held against its threshold, what it demands."""

    step: Step
    op: str
    demands: str
    domain: str


_C, _V, _S = Step.CONTEXT, Step.VETO, Step.CONFIDENCE
_K, _A = Step.CONTRACT, Step.ADMISSION
CODES: dict[str, Code] = {
    "MODULE": Code(_C, "is not", "the strategy is switched on", "5.13"),
    "TRADING_STATE": Code(_C, "is", "nobody has halted trading", "5.2"),
    "SESSION": Code(_C, "in", "the exchange is in its regular session", "5.2"),
    "WINDOW": Code(_C, "in", "it is the strategy's time of the session", "5.2"),
    "SYMBOL": Code(_C, "in", "the strategy trades this symbol", "5.2"),
    "EVENT_BLACKOUT": Code(_C, "not within", "no scheduled release is near", "5.9"),
    "EARNINGS_BLACKOUT": Code(_C, "not before", "no earnings before the contract expires", "5.9"),
    "STALE": Code(_V, "<=", "the oldest required input is fresh, in seconds", "5.3"),
    "BLIND": Code(_V, "<=", "seconds without a believable feed in the last 300", "5.3"),
    "CHAIN_INVALID": Code(
        _V, "is usable", "the option chain is neither invalid nor delayed", "5.3"
    ),
    "MISSING_REQUIRED": Code(_V, "lacks none of", "every required feature is there", "5.3"),
    "DEALER_DAMPING": Code(_V, ">", "dealers' hedging does not damp moves: elasticity", "5.4"),
    "LOW_TOXICITY": Code(_V, ">=", "the flow is informed: toxicity", "5.4"),
    "NO_PRESSURE": Code(_V, ">=", "the book leans, or VPIN is out of its calm middle", "5.4"),
    "VOL_SHOCK": Code(_V, ">=", "a volatility shock is old enough, in seconds", "5.4"),
    "SMALL_IMBALANCE": Code(_V, ">=", "the closing imbalance is large, fraction of ADV", "5.7"),
    "LOW_RATIO": Code(_V, ">=", "the closing imbalance is one-sided", "5.7"),
    "NO_DIRECTION": Code(Step.DIRECTION, "leads", "the votes add up to a direction", "5.4-5.7"),
    "COVERAGE": Code(_S, ">=", "enough of the total weight is known", "5.3"),
    "NO_CONFIRMATION": Code(_S, ">=", "enough independent confirmations agree", "5.4, 5.6"),
    "BELOW_THRESHOLD": Code(_S, ">=", "confidence reaches the strategy's minimum", "5.2"),
    "COVERAGE_FULL": Code(Step.LIMIT, "caps below", "coverage below it caps confidence", "5.3"),
    "ADJUSTERS": Code(Step.LIMIT, "clipped to", "the product of the adjusters", "5.3"),
    "C_EXPIRY": Code(_K, "", "an expiry of the wanted age is listed", "5.8"),
    "C_DELTA": Code(_K, "", "a contract near the wanted delta is quoted", "5.8"),
    "CHAIN_MISSING": Code(_K, "", "there is a chain to choose from", "5.8"),
    "C_SPREAD": Code(_K, "<=", "the spread is narrow, in dollars", "5.8"),
    "C_OI": Code(_K, ">=", "open interest, in contracts", "5.8"),
    "C_VOLUME": Code(_K, ">=", "volume today, in contracts", "5.8"),
    "C_PREMIUM": Code(_K, "in", "the premium is within bounds, in dollars", "5.8"),
    "C_STALE": Code(_K, "<=", "the quote is fresh, in seconds", "5.8"),
    "C_SIZE": Code(_K, ">=", "contracts are offered", "5.8"),
    "LIVE_LOCK": Code(_A, "is", "no signal of this kind is live", "5.9"),
    "CAP_STRATEGY": Code(_A, "<", "live signals of the strategy in the symbol", "5.9"),
    "CAP_SYMBOL": Code(_A, "<", "live signals in the symbol", "5.9"),
    "CAP_TOTAL": Code(_A, "<", "live signals in all", "5.9"),
    "COOLDOWN": Code(_A, ">=", "seconds since the last signal of this kind", "5.9"),
    "COOLDOWN_STOP": Code(_A, ">=", "seconds since this kind was stopped out", "5.9"),
}
OUTCOMES = {
    "CONTEXT_BLOCKED": "Not the time for it",
    "VETO": "Vetoed",
    "NO_DIRECTION": "No direction",
    "COVERAGE": "Too little is known",
    "NO_CONFIRMATION": "Not confirmed",
    "BELOW_THRESHOLD": "Not confident enough",
    "NO_CONTRACT": "No contract fits",
    "CANDIDATE": "A candidate",
    "EMITTED": "A signal",
    "UPDATED": "The live signal changed",
    "THIN_UPDATE": "The live signal stands",
    "DUPLICATE": "Another worker admitted it",
}

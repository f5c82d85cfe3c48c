"""Every gate by its code: what its value is, what it needs, where that is written.

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
    """One gate: its step, what its value is, and how it is held against its threshold."""

    step: Step
    what: str
    op: str
    domain: str


_C, _V, _S = Step.CONTEXT, Step.VETO, Step.CONFIDENCE
_K, _A = Step.CONTRACT, Step.ADMISSION
CODES: dict[str, Code] = {
    "MODULE": Code(_C, "mode of the strategy", "other than", "5.13"),
    "TRADING_STATE": Code(_C, "trading state", "equal to", "5.2"),
    "SESSION": Code(_C, "now", "in a regular session", "5.2"),
    "WINDOW": Code(_C, "now", "between", "5.2"),
    "SYMBOL": Code(_C, "symbol", "one of", "5.2"),
    "EVENT_BLACKOUT": Code(_C, "scheduled release near", "outside of seconds", "5.9"),
    "EARNINGS_BLACKOUT": Code(_C, "earnings before expiry", "after", "5.9"),
    "STALE": Code(_V, "seconds of age of the oldest required input", "<=", "5.3"),
    "BLIND": Code(_V, "blind seconds of the last 300", "<=", "5.3"),
    "CHAIN_INVALID": Code(_V, "quality of the chain, delayed", "not INVALID, not delayed", "5.3"),
    "MISSING_REQUIRED": Code(_V, "missing of the required features", "nothing missing of", "5.3"),
    "DEALER_DAMPING": Code(_V, "elasticity of dealers' hedging", ">", "5.4"),
    "LOW_TOXICITY": Code(_V, "toxicity of the flow", ">=", "5.4"),
    "NO_PRESSURE": Code(_V, "book imbalance and VPIN rank", "an imbalance >=", "5.4"),
    "VOL_SHOCK": Code(_V, "volatility regime and its seconds", "no SHOCK, or one >=", "5.4"),
    "SMALL_IMBALANCE": Code(_V, "closing imbalance as a fraction of ADV", ">=", "5.7"),
    "LOW_RATIO": Code(_V, "one-sidedness of the closing imbalance", ">=", "5.7"),
    "NO_DIRECTION": Code(Step.DIRECTION, "sum of the votes", "a lead", "5.4-5.7"),
    "COVERAGE": Code(_S, "known share of the total weight", ">=", "5.3"),
    "NO_CONFIRMATION": Code(_S, "confirmations that agree", ">=", "5.4, 5.6"),
    "BELOW_THRESHOLD": Code(_S, "confidence", ">=", "5.2"),
    "COVERAGE_FULL": Code(Step.LIMIT, "known share; confidence is capped", "below", "5.3"),
    "ADJUSTERS": Code(Step.LIMIT, "product of the adjusters", "clipped to", "5.3"),
    "C_EXPIRY": Code(_K, "no expiry of the wanted age is listed", "", "5.8"),
    "C_DELTA": Code(_K, "no admitted contract near the wanted delta", "", "5.8"),
    "CHAIN_MISSING": Code(_K, "no chain to choose from", "", "5.8"),
    "C_SPREAD": Code(_K, "spread in dollars", "<=", "5.8"),
    "C_OI": Code(_K, "open interest in contracts", ">=", "5.8"),
    "C_VOLUME": Code(_K, "contracts traded today", ">=", "5.8"),
    "C_PREMIUM": Code(_K, "premium in dollars", "between", "5.8"),
    "C_STALE": Code(_K, "seconds of age of its quote", "<=", "5.8"),
    "C_SIZE": Code(_K, "contracts offered", ">=", "5.8"),
    "LIVE_LOCK": Code(_A, "a signal of this kind is live", "equal to", "5.9"),
    "CAP_STRATEGY": Code(_A, "live signals of the strategy in the symbol", "<", "5.9"),
    "CAP_SYMBOL": Code(_A, "live signals in the symbol", "<", "5.9"),
    "CAP_TOTAL": Code(_A, "live signals in all", "<", "5.9"),
    "COOLDOWN": Code(_A, "seconds since the last signal of this kind", ">=", "5.9"),
    "COOLDOWN_STOP": Code(_A, "seconds since this kind was stopped out", ">=", "5.9"),
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

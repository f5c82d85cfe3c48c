"""Golden vectors of publishing: weighted lengths and the receipts ledger."""

from typing import Any

from publishing import receipts
from publishing.messages import weight
from quanticity.golden import Case, Check


def _tweet(case: Case) -> dict[str, Any]:
    text = case.given["text"]
    return {"weighted_length": weight.weighted_length(text), "fits": weight.fits(text)}


def _ledger(case: Case) -> dict[str, Any]:
    links = receipts.chain(case.given["records"])
    return {
        "chain": [
            {
                "record": dict(link.record),
                "canonical": link.canonical,
                "prev_hash": link.prev_hash,
                "hash": link.hash,
            }
            for link in links
        ],
        "head": receipts.head(links),
        "merkle_root": receipts.merkle_root(link.canonical for link in links),
    }


CHECKS: dict[str, Check] = {"tweets/cases": Check(_tweet), "ledger/cases": Check(_ledger)}

"""Production code answers every golden case of option arithmetic and chain analytics."""

from pathlib import Path

import pytest

from analytics import vectors_chain, vectors_options
from quanticity import golden

CHECKS = vectors_chain.CHECKS | vectors_options.CHECKS
KINDS = sorted({name.split("/")[0] for name in CHECKS})


@pytest.mark.parametrize("kind", KINDS)
def test_every_case_of_a_kind_matches(kind: str, shared: Path) -> None:
    tally = golden.run(shared / "vectors" / f"{kind}.json", CHECKS)

    assert tally.failures == []
    assert tally.cases > 0

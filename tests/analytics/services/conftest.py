"""The clock stands at 11:00 in New York, where the default chain is quoted."""

from datetime import timedelta
from typing import Any

import pytest

from tests import bullish, factories
from tests.analytics import toy_chains


@pytest.fixture
def rally(db: None, store: None, noon: Any) -> Any:
    """A market that pushes up, at eleven o'clock."""
    noon.at = toy_chains.AS_OF + timedelta(seconds=1)
    factories.quiet_world()
    bullish.write()
    return noon

import importlib.util
import json
from datetime import date, timedelta
from pathlib import Path

import exchange_calendars
import pytest

from quanticity.domain import calendar

# exchange_calendars 4.13 speaks to pandas 3.1 in a way that pandas 4 will not answer.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Series.values")
GENERATOR = Path(__file__).with_name("calendar_table.py")


@pytest.fixture(scope="module")
def generated() -> dict[str, object]:
    spec = importlib.util.spec_from_file_location("calendar_table", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.table()


def test_the_committed_table_is_what_the_library_says(generated) -> None:
    committed = json.loads((Path(calendar.__file__).parent / "xnys.json").read_text())

    assert committed == generated


@pytest.mark.parametrize("year", range(2019, 2028))
def test_every_session_of_a_year_opens_and_closes_when_the_library_says(year) -> None:
    library = exchange_calendars.get_calendar("XNYS", start=f"{year}-01-01", end=f"{year}-12-31")
    expected = [
        (day.date(), opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in zip(library.sessions, library.opens, library.closes, strict=True)
    ]

    days = (date(year, 1, 1) + timedelta(days=n) for n in range(365 + (year % 4 == 0)))
    ours = [calendar.session(day) for day in days if calendar.is_session(day)]
    assert [(s.date, s.open_at, s.close_at) for s in ours] == expected

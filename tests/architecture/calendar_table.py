"""Write quanticity/domain/xnys.json from the exchange_calendars library (`make calendar`)."""

import json
from pathlib import Path

import exchange_calendars
import pandas as pd

FIRST, LAST = "2005-01-03", "2031-12-31"
TARGET = Path(__file__).parents[2] / "quanticity" / "domain" / "xnys.json"


def table() -> dict[str, object]:
    """Holidays on weekdays, and closes before 16:00, as the library knows them."""
    xnys = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
    weekdays = pd.bdate_range(FIRST, LAST)
    closes = xnys.closes.dt.tz_convert("America/New_York")
    return {
        "first": FIRST,
        "last": LAST,
        "holidays": [f"{d:%Y-%m-%d}" for d in weekdays.difference(xnys.sessions)],
        "early_closes": {
            f"{day:%Y-%m-%d}": f"{close:%H:%M}"
            for day, close in closes.items()
            if f"{close:%H:%M}" != "16:00"
        },
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(table(), indent=0) + "\n")

"""The many spellings of a page's date line."""

from datetime import UTC, datetime

import pytest

from analytics.chainfiles import dates


@pytest.mark.parametrize(
    ("line", "at"),
    [
        pytest.param(
            "August 20, 2023 at 10:35 PM EDT", (2023, 8, 21, 2, 35), id="english, evening"
        ),
        pytest.param("10 May 2023, 5:39 PM EDT", (2023, 5, 10, 21, 39), id="day first"),
        pytest.param("10 May 2023, at 3:10 PM EDT", (2023, 5, 10, 19, 10), id="with at"),
        pytest.param(
            "14 April 2023, 18:34 UTC\N{MINUS SIGN}4", (2023, 4, 14, 22, 34), id="unicode minus"
        ),
        pytest.param("14 April 2023, 18:34 UTC-4", (2023, 4, 14, 22, 34), id="plain minus"),
        pytest.param(
            "11 April, 2023 \u00e0 22:23 UTC\N{MINUS SIGN}4", (2023, 4, 12, 2, 23), id="french at"
        ),
        pytest.param(
            "11 avril 2023 \u00e0 22:23 UTC\N{MINUS SIGN}4", (2023, 4, 12, 2, 23), id="french"
        ),
        pytest.param(
            "3 ao\u00fbt 2023 \u00e0 16:05 UTC\N{MINUS SIGN}4",
            (2023, 8, 3, 20, 5),
            id="accented month",
        ),
        pytest.param(
            "12 de julio de 2023, 4:31 p.\u00a0m. EDT", (2023, 7, 12, 20, 31), id="spanish"
        ),
        pytest.param("December 12, 2022 at 8:30 PM EST", (2022, 12, 13, 1, 30), id="winter"),
        pytest.param(
            "December 12, 2022 at 12:05 AM EST", (2022, 12, 12, 5, 5), id="just after midnight"
        ),
        pytest.param(
            "December 12, 2022 at 12:05 PM EST", (2022, 12, 12, 17, 5), id="just after noon"
        ),
        pytest.param("June 3, 2024 16:00", (2024, 6, 3, 20, 0), id="no zone is New York"),
        pytest.param("3 June 2024 20:00 UTC", (2024, 6, 3, 20, 0), id="utc"),
    ],
)
def test_a_date_line_is_read(line: str, at: tuple[int, ...]) -> None:
    assert dates.parse(line) == datetime(*at, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line", ["", "never", "May 2023", "31 February 2023, 10:00", "10 May 2023", "2023-05-10"]
)
def test_what_is_no_date_is_none(line: str) -> None:
    assert dates.parse(line) is None

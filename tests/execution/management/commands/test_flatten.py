from execution.management.commands import flatten


def test_the_open_is_told_in_new_york_time() -> None:
    found = {
        "flat": False, "pending_until": "2025-11-24T14:30:00+00:00", "positions": ["3 SPY"],
        "entries": [], "orphans": [],
    }  # fmt: skip

    assert flatten._say(found).splitlines() == [
        "Not flat; HALTED.",
        "The market is closed: exits wait for the open, Nov 24, 2025 9:30:00 AM EST.",
        "still held: 3 SPY",
    ]

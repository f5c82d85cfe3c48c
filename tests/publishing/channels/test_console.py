"""The console: one line for each message, and nothing can forge another."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from publishing.channels.console import Console, page
from publishing.messages.message import DISCLAIMER, Field, Message, Tone
from quanticity.domain.tiers import Tier

MESSAGE = Message(
    "#T-1-1", "ENTRY", "head", "SPY 21 Nov 25 600C entry", Tone.BULLISH,
    (Field("Fill price", "2.00"), Field("Drivers", "a\nb")), "#T-1-1 · now", datetime(2025, 11, 21, 15, tzinfo=UTC),
)  # fmt: skip


def test_a_message_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    receipt = Console(Tier.FREE).send(MESSAGE)

    assert receipt == "#T-1-1"
    assert (
        capsys.readouterr().out
        == "free    | SPY 21 Nov 25 600C entry | Fill price: 2.00 | Drivers: a · b | #T-1-1 · now\n"
    )


def test_control_characters_do_not_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    Console(Tier.FREE).send(replace(MESSAGE, title="x\r\n\x1b[2Jpremium | fake"))

    assert capsys.readouterr().out.count("\n") == 1


def test_a_page_carries_the_disclaimer() -> None:
    assert DISCLAIMER in page(MESSAGE)

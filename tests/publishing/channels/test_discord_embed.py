"""Embeds: Discord's limits hold for any message."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.channels import discord_embed as embed
from publishing.messages.message import DISCLAIMER, Field, Message, Tone

AT = datetime(2025, 11, 21, 15, 4, 5, 123_000, tzinfo=UTC)
SITE = "https://quanticity.example"
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=3_000)
fields = st.builds(Field, st.text(max_size=400), texts, st.booleans())
messages = st.builds(
    Message,
    st.just("#T-1-1"),
    st.just("ENTRY"),
    texts,
    texts,
    st.sampled_from(Tone),
    st.lists(fields, max_size=30).map(tuple),
    texts,
    st.just(AT),
)


def size(body: dict) -> int:
    shown = body["embeds"][0]
    parts = [
        shown["title"],
        shown["footer"]["text"],
        *(f["name"] + f["value"] for f in shown["fields"]),
    ]
    return sum(embed.length(part) for part in parts)


@given(messages)
def test_no_message_is_over_a_limit(message: Message) -> None:
    body = embed.payload(message, SITE)
    shown = body["embeds"][0]

    assert embed.length(body["content"]) <= 2_000
    assert embed.length(shown["title"]) <= 256
    assert embed.length(shown["footer"]["text"]) <= 2_048
    assert len(shown["fields"]) <= 25
    assert all(
        embed.length(f["name"]) <= 256 and 0 < embed.length(f["value"]) <= 1_024
        for f in shown["fields"]
    )
    assert size(body) <= 6_000


@given(messages)
def test_the_terms_always_stay(message: Message) -> None:
    last = embed.payload(message, SITE)["embeds"][0]["fields"][-1]

    assert last["value"] == f"{DISCLAIMER} [Terms]({SITE}/legal/disclaimer/)"


@given(texts)
def test_nothing_said_can_ping_or_link(text: str) -> None:
    shown = embed.plain(text + " @everyone <@1> http://x.y [a](b)")

    assert "@everyone" not in shown
    assert "://" not in shown
    assert "](" not in shown


@given(texts, st.integers(5, 200))
def test_a_cut_text_ends_in_an_ellipsis(text: str, limit: int) -> None:
    short = embed.cut(embed.plain(text), limit)

    assert embed.length(short) <= limit
    assert short == embed.plain(text) or short.endswith("…")


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        pytest.param("one two three", 9, "one two…", id="at a word"),
        pytest.param("abcdefghij", 5, "abcd…", id="no word to cut at"),
        pytest.param("short", 5, "short", id="fits"),
        pytest.param("aaa\\\\\\_b", 7, "aaa\\\\…", id="an escape stays whole"),
    ],
)
def test_texts_are_cut_cleanly(text: str, limit: int, short: str) -> None:
    assert embed.cut(text, limit) == short


def test_too_many_fields_are_dropped_from_the_end() -> None:
    many = tuple(Field(f"n{n}", "x" * 900) for n in range(10))
    message = Message("#T-1-1", "ENTRY", "h", "t", Tone.NEUTRAL, many, "f", AT)

    names = [field["name"] for field in embed.payload(message, SITE)["embeds"][0]["fields"]]

    assert names == ["n0", "n1", "n2", "n3", "n4", "n5", "Disclaimer"]


@pytest.mark.parametrize(
    ("tone", "color"),
    [
        (Tone.BULLISH, 3066993),
        (Tone.BEARISH, 15158332),
        (Tone.NEUTRAL, 40447),
        (Tone.CORRECTION, 15844367),
    ],
)
def test_colors(tone: Tone, color: int) -> None:
    message = Message("#T-1-1", "ENTRY", "h", "t", tone, (), "f", AT)

    shown = embed.payload(message, SITE)["embeds"][0]

    assert shown["color"] == color
    assert shown["timestamp"] == "2025-11-21T15:04:05.123Z"
    assert json.dumps(shown, allow_nan=False)

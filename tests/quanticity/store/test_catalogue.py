"""The page of Redis keys says what the schema says."""

import re

from quanticity.store import catalogue, keys


def test_the_committed_page_is_current() -> None:
    assert catalogue.PAGE.read_text() == catalogue.page(), "run `manage.py document_keys`"


def test_every_key_is_on_the_page_once() -> None:
    names = re.findall(r"^\| `([^`]+)`", catalogue.page(), re.MULTILINE)
    assert len(names) == len(set(names))
    assert {"market:{symbol}:quote", "rate:{provider}", "wake:{process}"} <= set(names)
    assert len([n for n in names if n.startswith("analytics:{symbol}:")]) >= 14


def test_a_life_is_said_in_the_largest_whole_unit() -> None:
    page = catalogue.page()
    assert "| `market:{symbol}:quote` | JSON | 1 min |" in page
    assert f"| `market:{{symbol}}:bars:{{size}}` | stream | {2 * keys.DAY // keys.DAY} d |" in page

"""References are derived, short, and read back."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.orders.references import MAX_LENGTH, OrderRef, intent_id, order_ref, parse_order_ref
from quanticity.domain.errors import MalformedInput
from quanticity.domain.orders import Role

ROLES = st.sampled_from(Role)


@given(st.text(), ROLES)
def test_an_intent_id_is_derived_and_shaped_like_a_ulid(signal_id: str, role: Role) -> None:
    found = intent_id(signal_id, role)

    assert found == intent_id(signal_id, role)
    assert len(found) == 26
    assert found[0] in "01234567"
    assert set(found) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_an_intent_id_is_the_hash_in_base_32() -> None:
    # SHA-256("SG-A|E"), first 16 bytes as one number, by hand through int and divmod.
    number, digits = int.from_bytes(hashlib.sha256(b"SG-A|E").digest()[:16], "big"), ""
    while len(digits) < 26:
        number, digit = divmod(number, 32)
        digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit] + digits

    assert intent_id("SG-A", Role.ENTRY) == digits


@given(st.text(), st.sampled_from(["live", "paper", "sim", "replay"]), ROLES, st.integers(1, 9999))
def test_a_reference_is_read_back_as_written(signal_id: str, env: str, role: Role, n: int) -> None:
    intent = intent_id(signal_id, role)
    text = order_ref(env, intent, role, n)

    assert parse_order_ref(text) == OrderRef(env, intent, role, n)
    assert len(text) <= MAX_LENGTH


@pytest.mark.parametrize(
    "text",
    ["", "manual", "QC:sim:SHORT:E1", "QC:sim:" + "0" * 26 + ":Z1", "QC:sim:" + "0" * 26 + ":E0"],
)
def test_a_foreign_reference_is_nobody_of_ours(text: str) -> None:
    assert parse_order_ref(text) is None


def test_a_reference_that_cannot_be_read_back_is_refused() -> None:
    with pytest.raises(MalformedInput, match="read back"):
        order_ref("Live Account", "0" * 26, Role.ENTRY, 1)

"""`docs/signals.md`: every gate with what it needs and the test that proves it (pure)."""

from analytics.signals.codes import CODES, Step

_HEAD = """\
# Gates and vetoes

Every evaluation of a strategy walks these gates and records each with its value and threshold, also
when an earlier one failed. "Why did nothing happen at 10:42?" is answered from that record:

    manage.py show decision SPY 0DTE --at 10:42

and on the decision's page in the admin. The table is made by `analytics/signals/page.py` from
`analytics/signals/codes.py`, and a test fails when it is not current. One test per row makes its
gate fail in a world where all others pass (`tests/analytics/signals/test_gates.py`); run one with
`pytest -k "test_a_gate_fails[LOW_TOXICITY]"`. A limit in force passes always and changes the
confidence: its test scores the same world with it and without (`test_limits.py`).

| gate | step | its value | needs | DOMAIN | proved by |
|---|---|---|---|---|---|
"""
_PROOF = "`test_gates.py::test_a_gate_fails[{}]`"
_LIMIT_PROOF = "`test_limits.py::test_a_limit_bites[{}]`"


def render() -> str:
    """The whole page."""
    rows = []
    for name, code in CODES.items():
        proof = (_LIMIT_PROOF if code.step is Step.LIMIT else _PROOF).format(name)
        rows.append(f"| {name} | {code.step} | {code.what} | {code.op} | {code.domain} | {proof} |")
    return _HEAD + "\n".join(rows) + "\n"

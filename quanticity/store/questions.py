"""Questions from one process to another, whose asker waits for the answer.

No work is handed over: a question that is lost was asked in vain, and its asker says so.
"""

import json
from typing import Any
from uuid import uuid4

from quanticity.store import keys
from quanticity.store.client import client

_PATIENCE_S = 4.0  # below the connection's own deadline


def ask(process: str, body: dict[str, Any], wait_s: float) -> dict[str, Any] | None:
    """Ask and wait at most so many real seconds; None when nobody answered."""
    question_id = uuid4().hex
    key = keys.question(process)
    raw = json.dumps({"id": question_id, "body": body})
    with client().pipeline(transaction=False) as pipe:
        pipe.lpush(key.name, raw)
        pipe.expire(key.name, key.ttl or keys.MINUTE)
        pipe.execute()
    found = answered(question_id, wait_s)
    if found is None:
        client().lrem(key.name, 0, raw)
    return found


def answered(question_id: str, wait_s: float) -> dict[str, Any] | None:
    """Wait for an answer at most so many real seconds; None when there was none."""
    found = client().brpop([keys.answer(question_id).name], timeout=min(wait_s, _PATIENCE_S))
    return None if found is None else dict(json.loads(found[1]))


def take(process: str, seconds: float) -> tuple[str, dict[str, Any]] | None:
    """Wait for the next question at most so many real seconds; its id and what is asked."""
    found = client().brpop([keys.question(process).name], timeout=min(seconds, _PATIENCE_S))
    if found is None:
        return None
    content = json.loads(found[1])
    return content["id"], content["body"]


def answer(question_id: str, body: dict[str, Any]) -> None:
    """Answer a question, whether or not anybody still waits."""
    key = keys.answer(question_id)
    with client().pipeline(transaction=False) as pipe:
        pipe.lpush(key.name, json.dumps(body))
        pipe.expire(key.name, key.ttl or keys.MINUTE)
        pipe.execute()

"""Flower's options, and the words in which it shows a task."""

from typing import Any

max_tasks = 5_000
max_workers = 50
tasks_columns = "name,state,received,started,runtime,worker,retries"


def format_task(task: Any) -> Any:
    """Show a task by its public name with its arguments: `analytics.refresh_vpin(SPY)`."""
    words = (task.args or "").strip("()[],.").replace("'", "")
    task.name = f"{task.name}({words})" if words else task.name
    return task

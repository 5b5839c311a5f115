"""The running task, on asyncio and trio: which one it is, its context variables, the cancel scope it is in."""

import asyncio
import gc
import sys
from contextvars import Context
from typing import Any, cast


def running_task() -> Any:
    """The task that runs this code."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return sys.modules["trio"].lowlevel.current_task()


def context_of(task: Any) -> Context | None:
    """The context variables of a task that does not run right now; None when they can't be had."""
    context: Any
    if isinstance(task, asyncio.Task):
        get_context = getattr(cast("Any", task), "get_context", None)  # Python 3.12 has it
        if get_context is not None:
            context = get_context()
        else:  # The task knows its context and does not tell; the garbage collector does.
            context = next((part for part in gc.get_referents(task) if isinstance(part, Context)), None)
    else:
        context = task.context
    if not isinstance(context, Context):
        return None
    try:
        context.run(int)
    except RuntimeError:  # in use: the task has started this one eagerly
        return None
    return context


def cancel_scope_of(task: Any) -> object:
    """The innermost anyio or trio cancel scope that the task is in: to be compared, nothing else.

    Neither library tells in public. Where they keep it elsewhere one day, no scope is seen: None.
    """
    if not isinstance(task, asyncio.Task):
        return getattr(task, "_cancel_status", None)
    states: Any = getattr(sys.modules.get("anyio._backends._asyncio"), "_task_states", None)
    return None if states is None else getattr(states.get(task), "cancel_scope", None)

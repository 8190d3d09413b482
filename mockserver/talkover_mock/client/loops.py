"""A hint for a test that waits inside a running event loop."""

import sys


def loop_hints() -> list[str]:
    """A hint for a wait inside a task of an event loop; nothing in that loop happens while the test waits."""
    asyncio = sys.modules.get("asyncio")
    try:  # not the loop: where gevent or eventlet makes threads of greenlets, the server's own loop runs in this thread
        task = asyncio and asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None:
        return []
    return [
        "the call was made inside a running event loop, which stood still meanwhile: if the application or the "
        "receiver runs in this loop, write `await asyncio.to_thread(talkover_mock.<method>, …)`"
    ]

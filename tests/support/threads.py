"""The threads that servers start."""

import threading


def threads_left() -> list[str]:
    """The names of the servers' threads that do not end."""
    found = [thread for thread in threading.enumerate() if thread.name.startswith("talkover-mock-server")]
    for thread in found:
        thread.join(timeout=5)
    return [thread.name for thread in found if thread.is_alive()]

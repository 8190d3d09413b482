"""What schemathesis would ask for that takes minutes: it waits as briefly as a call can."""

import sys
from typing import Any

LONGEST_WAIT = 0.01
"""Seconds."""


def _seconds(value: object) -> float:
    """As the server reads them; 0 is what it can't read."""
    try:
        return float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else 0
    except (ValueError, OverflowError):
        return 0


if sys.version_info >= (3, 11):  # which its releases need
    import schemathesis

    @schemathesis.hook
    def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
        """Shortens what the server would accept, and leaves what it must refuse."""
        for part in (case.query, case.body):
            if isinstance(part, dict) and "wait" in part and LONGEST_WAIT < _seconds(part["wait"]) <= 300:
                part["wait"] = LONGEST_WAIT

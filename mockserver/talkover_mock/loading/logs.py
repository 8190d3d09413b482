"""Reads the delivery log entries under a fixture's webhook."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from talkover_mock.base.statuses import STATUS_PHRASES
from talkover_mock.dialect.log_fields import LOG_ENTRY_FIELDS
from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Invalid, fields_of
from talkover_mock.loading.mistakes import Mistakes

_LATEST = datetime.max.replace(tzinfo=timezone.utc)
LOG_KEYS = ("id", *(field.name for field in LOG_ENTRY_FIELDS), "created_at")


def log_values(
    mistakes: Mistakes, path: Path, data: Any, created: datetime | None, plain: Callable[[Path, Any], Any]
) -> dict[str, Any] | None:
    """The values of an entry; None, with its mistakes, when a field is wrong. `plain` checks that values are JSON."""
    try:
        values = fields_of(data, LOG_ENTRY_FIELDS)
    except Invalid as invalid:
        mistakes.add_invalid(path, data, invalid, LOG_ENTRY_FIELDS)
        return None
    if created and created > _LATEST - timedelta(milliseconds=values["duration_ms"]):
        mistakes.add(
            (*path, "created_at"), "must be earlier: the attempt would end after the year 9999", data["created_at"]
        )
    for key in ("call", "context"):
        values[key] = plain((*path, key), values[key])
    status, http_status = values["status"], values["http_status"]
    is_success = http_status is not None and http_status // 100 == 2
    if status is None:
        values["status"] = status = (
            "failed" if values["error"] or not (is_success or http_status is None) else "success"
        )
    if http_status is None and (status == "success" or not values["error"]):
        values["http_status"] = http_status = 200 if status == "success" else 500
    if (status == "success") != (http_status is not None and http_status // 100 == 2):
        expected = "a status from 200 to 299" if status == "success" else "no status from 200 to 299"
        mistakes.add((*path, "http_status"), f"contradicts the status: {status} means {expected}", http_status)
    if status == "success" and values["error"]:
        mistakes.add((*path, "error"), "contradicts the status: only a failed attempt has an error", values["error"])
    if status == "failed" and not values["error"]:
        values["error"] = STATUS_PHRASES.get(http_status, f"HTTP {http_status}")
    return values

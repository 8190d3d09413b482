"""The phrases of HTTP statuses, the same under every Python: 3.13 has renamed four of them."""

from http import HTTPStatus

_RENAMED = {
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
}
STATUS_PHRASES = {status.value: _RENAMED.get(status.value, status.phrase) for status in HTTPStatus}
"""By status; nothing for one that HTTP does not define."""

"""HTTP's statuses: their phrases, the same under every Python (3.13 has renamed four), and which have no body."""

from http import HTTPStatus

_RENAMED = {
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
}
STATUS_PHRASES = {status.value: _RENAMED.get(status.value, status.phrase) for status in HTTPStatus}
"""By status; nothing for one that HTTP does not define."""
WITHOUT_LENGTH = (204, 304)
"""The statuses whose answers end with their head (RFC 9112, section 6.3)."""
WITHOUT_BODY = (*WITHOUT_LENGTH, 205)
"""The statuses whose answers have no body; one of 205 says that its length is 0 (RFC 9110, section 15.3.6)."""

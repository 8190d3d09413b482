"""The answer of a receiver, from the bytes as they come to an outcome, over httptools."""

from http import HTTPStatus

import httptools

from talkover_mock.base.statuses import STATUS_PHRASES, WITHOUT_LENGTH
from talkover_mock.deliveries.records import Outcome

MOST_ANSWER_BYTES = 64 * 1024
"""The bytes of an answer's body that are kept."""


class Malformed(Exception):
    """What the receiver sent is no answer in HTTP."""


class Answer:
    """An answer as far as it has come. Interim answers, such as 100, are passed over."""

    def __init__(self) -> None:
        self.is_whole, self._status = False, 0
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)  # as senders are, curl among them
        self.on_message_begin()

    def feed(self, data: bytes) -> None:
        """Takes the next bytes; what follows a whole answer is ignored. Raises Malformed."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            if not self.is_whole:
                raise Malformed from None

    def end(self) -> None:
        """Takes the end of the connection. Raises ConnectionResetError where the answer needs more."""
        headers = dict(self._headers)
        is_framed = "content-length" in headers or headers.get("transfer-encoding", "").lower().endswith("chunked")
        if not self._has_head or self._is_interim or is_framed:
            raise ConnectionResetError("the answer ended early")

    def outcome(self) -> Outcome:
        """The outcome of a whole answer."""
        outcome = Outcome(
            status=self._status,
            headers=self._headers,
            body=self._body[:MOST_ANSWER_BYTES].decode(errors="replace"),
            cut=len(self._body) > MOST_ANSWER_BYTES,
        )
        reason = self._reason.decode("latin-1").strip() or STATUS_PHRASES.get(self._status, "Unknown Status")
        return outcome if outcome.successful else outcome._replace(error=reason)

    # What httptools calls

    def on_message_begin(self) -> None:
        if self.is_whole:
            raise Malformed
        self._reason, self._body, self._has_head = b"", b"", False
        self._headers: list[tuple[str, str]] = []

    def on_status(self, part: bytes) -> None:
        self._reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # a trailer is no header
            self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._has_head, self._status = True, self._parser.get_status_code()
        self.is_whole = self._status in WITHOUT_LENGTH

    def on_body(self, part: bytes) -> None:
        if len(self._body) <= MOST_ANSWER_BYTES:
            self._body += part

    def on_message_complete(self) -> None:
        self.is_whole = not self._is_interim

    @property
    def _is_interim(self) -> bool:
        return self._status // 100 == 1 and self._status != HTTPStatus.SWITCHING_PROTOCOLS

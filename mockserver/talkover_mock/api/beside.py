"""Requests that are no calls of the API, and so meet no fault and leave nothing in a journal: health, and browsers."""

from talkover_mock.dialect.endpoints import READS
from talkover_mock.web.answers import Answer
from talkover_mock.web.health import HEALTH, health_answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import ADMIN


def health_check(request: MockRequest) -> Answer | None:
    """The answer to a health check. It also comes where the admin routes are off or ask for a token."""
    is_one = request.method in READS and request.path in (HEALTH, HEALTH + "/")
    return health_answer(request.world) if is_one else None


def visit(request: MockRequest, has_page: bool) -> Answer | None:
    """The answer to a person who opens the server's root in a browser, and to the browser that looks for an icon."""
    if request.method not in READS:
        return None
    if request.path == "/favicon.ico":
        return Answer(status=404, headers={"Cache-Control": "max-age=86400"})
    if request.path == "/" and has_page and request.wants_html:
        return Answer(status=302, headers={"Location": f"{ADMIN}/", "Vary": "Accept", "Cache-Control": "no-store"})
    return None

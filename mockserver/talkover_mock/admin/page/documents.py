"""Documents of the admin routes as pages: for a browser, a problem or the list of assumptions is no raw JSON."""

from talkover_mock.admin.bodies import PROBLEM, DocumentAnswer
from talkover_mock.admin.page.dashboard import HEADERS
from talkover_mock.admin.page.templates import rendered
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import ADMIN

_TEMPLATES = {f"{ADMIN}/assumptions": "assumptions.html"}


def readable(request: MockRequest, answer: Answer) -> Answer:
    """The answer, as a page if it has one and the client is a browser; status and further headers stay."""
    if not isinstance(answer, DocumentAnswer) or not request.wants_html:
        return answer
    is_problem = answer.headers["Content-Type"] == PROBLEM
    template = "problem.html" if is_problem else _TEMPLATES.get(request.path.rstrip("/"))
    if template is None:
        return answer
    headers = {**answer.headers, **HEADERS, "Content-Type": "text/html; charset=utf-8", "Vary": "Accept"}
    return Answer(rendered(template, answer.document), answer.status_code, headers)

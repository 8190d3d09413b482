"""`webhooks`: change one webhook by the keys of a fixture, also by keys that the API does not have."""

from talkover_mock.admin.bodies import admin_answer, document
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain_unknown_webhook
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest


def register(admin: Admin) -> None:
    admin.route("PATCH", "/webhooks/<id>", _change)


def _change(request: MockRequest, environment: Environment, id: str) -> Answer:
    changed = environment.documents.change_webhook(id, document(request))
    if changed is None:
        raise Problem(404, "No such webhook", explain_unknown_webhook(id, environment))
    return admin_answer(changed)

"""`assumptions`: says of each behaviour how sure it is and how many probes show it, and lists the overrides."""

from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.routing import Admin
from talkover_mock.base.shapes import admin as shapes
from talkover_mock.dialect.behaviours import Behaviour, conformance
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest


def register(admin: Admin) -> None:
    admin.route("GET", "/assumptions", _read)


def _read(_: MockRequest, environment: Environment) -> Answer:
    behaviours = [present(each) for each in conformance().behaviours]
    body: shapes.Assumptions = {"behaviours": behaviours, "overrides": environment.settings.overrides()}
    return admin_answer(body)


def present(behaviour: Behaviour) -> shapes.Behaviour:
    """A behaviour as JSON: the number of its probes in the place of the probes."""
    return {
        "subject": behaviour.subject,
        "text": behaviour.text,
        "basis": behaviour.basis,
        "setting": behaviour.setting,
        "versions": behaviour.versions,
        "pages": behaviour.pages,
        "unproven": behaviour.unproven,
        "heard": behaviour.heard,
        "probes": len(behaviour.probes),
    }

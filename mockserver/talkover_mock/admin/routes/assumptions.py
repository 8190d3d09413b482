"""`assumptions`: says of each behaviour how sure it is and how many probes show it, and lists the overrides."""

from typing import Any

from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.routing import Admin
from talkover_mock.dialect.behaviours import Behaviour, conformance
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest


def register(admin: Admin) -> None:
    admin.route("GET", "/assumptions", _read)


def _read(_: MockRequest, environment: Environment) -> Answer:
    overrides = environment.settings.overrides()
    return admin_answer({"behaviours": [present(each) for each in conformance().behaviours], "overrides": overrides})


def present(behaviour: Behaviour) -> dict[str, Any]:
    """A behaviour as JSON: the number of its probes in the place of the probes."""
    return {**behaviour._asdict(), "probes": len(behaviour.probes)}

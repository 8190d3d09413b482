"""`stubs`: answers to calls that the mock does not emulate."""

from talkover_mock.admin.bodies import admin_answer, document
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.environments.environment import Environment
from talkover_mock.loading.fixture import to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.loading.stubs import stub_document
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest


def register(admin: Admin) -> None:
    admin.route("GET", "/stubs", _list)
    admin.route("POST", "/stubs", _put)
    admin.route("DELETE", "/stubs", _remove, query=("method", "path"))


def _list(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"stubs": [stub_document(each) for each in environment.stubs.all()]})


def _put(request: MockRequest, environment: Environment) -> Answer:
    """Puts a stub, which is checked as a fixture's is."""
    given = document(request) if request.body else Source("body", "", None)
    [stub] = to_baseline(given._replace(data={"stubs": [given.data]})).stubs.values()
    environment.stubs.put(stub)
    return admin_answer(stub_document(stub), 201)


def _remove(request: MockRequest, environment: Environment) -> Answer:
    """Removes the stub of a method and path, or all."""
    method, path = request.query_value("method"), request.query_value("path")
    if method and path:
        environment.stubs.remove(f"{method} {path}")
        return admin_answer({"removed": 1})
    if method is not None or path is not None:
        raise Problem(422, "Half a stub", "give the method and the path of a stub; without both, all are removed")
    return admin_answer({"removed": environment.stubs.remove_all()})

"""`snapshots`: named copies of the environment's state."""

from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.routing import Admin
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.shapes import admin as shapes
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.snapshots import Snapshot
from talkover_mock.loading.writer import digest, to_document
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest


def register(admin: Admin) -> None:
    admin.route("GET", "/snapshots", _list)
    admin.route("PUT", "/snapshots/<name>", _take, body=())
    admin.route("POST", "/snapshots/<name>/restore", _restore, body=())
    admin.route("DELETE", "/snapshots/<name>", _delete)


def _list(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"snapshots": [_brief(each) for each in environment.snapshots.all()]})


def _take(_: MockRequest, environment: Environment, name: str) -> Answer:
    return admin_answer(_present(environment.snapshots.take(name)), 201)


def _restore(_: MockRequest, environment: Environment, name: str) -> Answer:
    return admin_answer(_present(environment.restore_snapshot(name)))


def _delete(_: MockRequest, environment: Environment, name: str) -> Answer:
    environment.snapshots.delete(name)
    return admin_answer({"name": name, "deleted": True})


def _brief(snapshot: Snapshot) -> shapes.SnapshotBrief:
    return {"name": snapshot.name, "taken_at": to_milliseconds(snapshot.taken_at)}


def _present(snapshot: Snapshot) -> shapes.Snapshot:
    """The snapshot with its sizes; `digest` is the ETag of its state, and reads every record."""
    return {
        **_brief(snapshot),
        "agents": len(snapshot.state.agents),
        "webhooks": len(snapshot.state.webhooks),
        "digest": digest(to_document(snapshot.state)),
    }

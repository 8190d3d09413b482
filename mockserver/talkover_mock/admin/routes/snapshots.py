"""`snapshots`: named copies of the environment's state."""

from typing import Any

from flask import Response

from talkover_mock.admin.bodies import admin_response
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.words import brief
from talkover_mock.environments.environment import Snapshot
from talkover_mock.loading.writer import digest, to_document
from talkover_mock.state.names import ID, NAME_TEXT


def register(admin: Admin) -> None:
    def list_all() -> Response:
        found = [_brief(each) for each in admin.environment().snapshots()]
        return admin_response({"snapshots": found})

    def take(name: str) -> Response:
        if not ID.fullmatch(name):
            raise Problem(422, "Bad name", f"a name is {NAME_TEXT} (got {brief(name)})")
        return admin_response(_present(admin.environment().take_snapshot(name)), 201)

    def restore(name: str) -> Response:
        return admin_response(_present(admin.environment().restore_snapshot(name)))

    def delete(name: str) -> Response:
        admin.environment().delete_snapshot(name)
        return admin_response({"name": name, "deleted": True})

    admin.route("GET", "/snapshots", list_all)
    admin.route("PUT", "/snapshots/<name>", take)
    admin.route("POST", "/snapshots/<name>/restore", restore)
    admin.route("DELETE", "/snapshots/<name>", delete)


def _brief(snapshot: Snapshot) -> dict[str, Any]:
    return {"name": snapshot.name, "taken_at": to_milliseconds(snapshot.taken_at)}


def _present(snapshot: Snapshot) -> dict[str, Any]:
    """`digest` is the ETag of that state; it takes a look at every record."""
    document = to_document(snapshot.state)
    return {
        **_brief(snapshot),
        "agents": len(document["agents"]),
        "webhooks": sum(len(agent["webhooks"]) for agent in document["agents"]),
        "digest": digest(document),
    }

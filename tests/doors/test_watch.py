"""`serve --watch`: environments that nobody has changed follow an edited file, the others with their next reset."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.refusals import Missing
from talkover_mock.cli._watch import Watch, not_in_use
from talkover_mock.dialect.errors import InvalidToken
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.loading.files import FixtureFiles, load
from talkover_mock.loading.mistakes import FixtureError, Mistake, Source
from tests.doors.test_remote_commands import run
from tests.doors.test_serve import WAIT, Launch, end, errors, launch, url_of
from tests.support.stories import MOMENT

__all__ = ["errors", "launch"]

WEBHOOK_FIELDS = {"name": "W", "webhook_url": "http://127.0.0.1:1", "events": ["event_action"]}
HOOK = "{id: w, name: W, webhook_url: 'http://127.0.0.1:1', events: [event_action], enabled: false}"


class Edited:
    """A fixture file, the world that serves it, and the watch that is asked to look."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mine.yaml"
        self.log: list[str] = []
        self._writes = 0
        self.write(self.of("First"))
        self.files = FixtureFiles([folder])
        self.world = self.files.load(World)
        self.watch = Watch(self.world, self.files, self.log.append)
        self.world.catch_up = lambda: self.watch.look(again=True)

    @staticmethod
    def of(name: str, more: str = "") -> str:
        return f"agents: [{{id: a, name: {name}, webhooks: [{HOOK}]}}]\n{more}"

    def write(self, text: str) -> None:
        """Each time of another size, so that a clock that ticks slowly hides nothing."""
        self._writes += 1
        self.path.write_text(text + "#" * self._writes)

    def edit(self, text: str) -> str:
        self.write(text)
        return self.watch.look()

    def name(self, environment: Environment | None = None) -> str:
        """What the agent is called in the environment."""
        found = (environment or self.world.default).agent("a")
        assert found
        return str(found.name)


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Edited]:
    edited = Edited(tmp_path)
    yield edited
    edited.world.stop()


def toggle(environment: Environment) -> None:
    environment.webhooks.toggle("a", "w")


def test_a_file_that_nobody_has_touched_changes_nothing(edited: Edited) -> None:
    toggle(edited.world.default)
    assert (edited.watch.look(), edited.log) == ("", [])
    assert edited.world.default.webhook("w").enabled  # type: ignore[union-attr]


def test_an_environment_that_nobody_has_changed_follows_the_file(edited: Edited) -> None:
    world = edited.world
    opened = world.open(world.default, "opened")
    assert edited.edit(edited.of("Second")) == ""
    assert (edited.name(), edited.name(opened)) == ("Second", "Second")
    assert edited.log == [f"the fixtures have changed and are in use ({edited.path})"]
    edited.edit(edited.of("Third"))
    assert (edited.name(), edited.name(opened)) == ("Third", "Third")


CHANGES: dict[str, Callable[[Environment], object]] = {
    "toggle": toggle,
    "toggle twice": lambda environment: [environment.webhooks.toggle("a", "w") for _ in range(2)],
    "a webhook that came and went": lambda environment: environment.webhooks.delete(
        "a", environment.webhooks.create("a", WEBHOOK_FIELDS).id
    ),
    "a webhook less": lambda environment: environment.webhooks.delete("a", "w"),
    "a setting": lambda environment: environment.documents.merge(source({"settings": {"create_status": 201}})),
    "an agent more": lambda environment: environment.documents.merge(source({"agents": [{"id": "b", "name": "B"}]})),
    "all replaced": lambda environment: environment.documents.replace(
        source({"agents": [{"id": "a", "name": "First"}]})
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_an_environment_that_somebody_has_changed_follows_with_its_next_reset(
    change: Callable[[Environment], object], edited: Edited
) -> None:
    world = edited.world
    opened = world.open(world.default, "opened")
    change(world.default)
    before = world.default.documents.whole()
    assert edited.edit(edited.of("Second")) == ""
    assert world.default.documents.whole() == before
    assert edited.name(opened) == "Second"
    assert edited.log[0].endswith("; after a reset in default")
    world.default.reset()
    assert edited.name() == "Second"
    edited.edit(edited.of("Third"))
    assert edited.name() == "Third"


def test_what_happened_without_a_change_stays(edited: Edited) -> None:
    environment = edited.world.default
    http = create_app(edited.world, Guard()).test_client()
    http.get("/api/v1/agents", headers={"Authorization": "Bearer talq_test"})
    http.post("/__admin/faults", json={"preset": "maintenance"})
    environment.deliveries.emit("a", "event_action")
    environment.snapshots.take("before")
    environment.freeze()
    edited.edit(edited.of("Second"))
    assert edited.name() == "Second"
    assert len(environment.journal.log.watch(lambda _: True).items) == 1
    assert (len(environment.faults.all()), len(environment.deliveries.events.all())) == (1, 1)
    assert environment.clock.is_frozen
    environment.restore_snapshot("before")
    assert edited.name() == "First"


def logged(edited: Edited, *ids: str) -> str:
    """The file with these log entries."""
    entries = ", ".join(f"{{id: {id}, event: event_action}}" for id in ids)
    return edited.of("First").replace("enabled: false", f"enabled: false, logs: [{entries}]")


def log(edited: Edited) -> list[str]:
    """The ids in the log."""
    return [each.id for each in edited.world.default.deliveries.log.all()]


@pytest.mark.parametrize(
    "happen",
    [
        lambda environment: environment.deliveries.emit("a", "event_action"),
        lambda environment: environment.deliveries.test("a", "w"),
    ],
    ids=["an event", "a test"],
)
def test_given_log_entries_follow_until_something_is_delivered(
    happen: Callable[[Environment], object], edited: Edited
) -> None:
    edited.edit(logged(edited, "one"))
    assert log(edited) == ["one"]
    edited.edit(logged(edited, "two", "three"))
    assert log(edited) == ["two", "three"]
    happen(edited.world.default)
    before = log(edited)
    assert before[:2] == ["two", "three"]
    edited.edit(logged(edited, "four"))
    assert log(edited) == before
    edited.world.default.reset()
    assert log(edited) == ["four"]


def test_a_delivery_in_the_place_of_the_given_log_entry_stays(edited: Edited) -> None:
    edited.edit(logged(edited, "one"))
    edited.world.default.deliveries.clear()
    edited.world.default.deliveries.test("a", "w")
    before = log(edited)
    edited.edit(logged(edited, "two"))
    assert log(edited) == before


def test_given_log_entries_follow_also_where_fewer_are_kept(edited: Edited) -> None:
    edited.write(logged(edited, "one", "two"))
    edited.world = FixtureFiles([edited.path]).load(partial(World, most_kept=1))
    edited.write(logged(edited, "three", "four"))
    assert edited.world.follow(load([edited.path])) == []
    assert log(edited) == ["four"]


def test_a_mistake_is_logged_once_and_the_old_fixture_stays(edited: Edited) -> None:
    why = f"the fixtures have changed and are not in use, because of mistakes ({edited.path})"
    mistake = f"{edited.path}:1: agent: unknown key; did you mean agents?"
    for _ in range(3):
        assert edited.edit("agent: []\n") == f"{why}: {mistake}" if not edited.log else edited.watch.look()
    assert edited.log == [f"{why}\n{mistake}"]
    assert edited.name() == "First"
    assert edited.edit(edited.of("Second")) == ""
    assert edited.name() == "Second"


def test_a_crash_is_logged_and_the_watch_goes_on(edited: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception once ended the thread: a mended file was never loaded."""
    why = f"the fixtures have changed, but the mock itself has failed ({edited.path})"
    with monkeypatch.context() as broken:
        broken.setattr(edited.world, "follow", lambda _: 1 / 0)
        assert (
            edited.edit(edited.of("Second")) == edited.watch.look() == f"{why}: ZeroDivisionError('division by zero')"
        )
    [logged] = edited.log
    assert logged.startswith(f"{why}\nZeroDivisionError('division by zero')\nTraceback (most recent call last):\n")
    assert edited.edit(edited.of("Third")) == ""
    assert edited.name() == "Third"


def test_a_crash_while_an_environment_opens_changes_nothing(edited: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    edited.edit(edited.of("First", "environments: {gone: {tokens: [talq_gone]}}"))
    before = {name: each.baseline for name, each in edited.world.environments.items()}
    with monkeypatch.context() as broken:
        broken.setattr("talkover_mock.environments.world.Environment", lambda *_: 1 / 0)
        assert "ZeroDivisionError" in edited.edit(edited.of("Second", "environments: {new: {tokens: [talq_new]}}"))
    assert {name: each.baseline for name, each in edited.world.environments.items()} == before
    assert edited.watch.look(again=True) == ""
    assert (list(edited.world.environments), edited.name()) == (["default", "new"], "Second")


def test_a_file_that_is_gone_is_a_mistake_and_back_again_is_none(edited: Edited) -> None:
    edited.path.rename(edited.path.with_suffix(".txt"))
    assert "the folder holds no fixture" in edited.watch.look()
    edited.path.with_suffix(".txt").rename(edited.path)
    assert (edited.watch.look(), edited.name()) == ("", "First")


def test_fixtures_that_are_again_as_they_were_are_noted(edited: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = edited.files.stamps()
    edited.edit("agent: []\n")
    monkeypatch.setattr(edited.files, "stamps", lambda: loaded)
    assert [edited.watch.look() for _ in range(2)] == ["", ""]
    assert edited.log[1:] == ["the fixtures are the same again as the server has loaded"]


def test_a_file_that_comes_back_is_told(edited: Edited) -> None:
    away = edited.path.with_suffix(".txt")
    edited.path.rename(away)
    edited.watch.look()
    away.rename(edited.path)
    edited.watch.look()
    edited.watch.look()
    assert len(edited.log) == 2
    assert "not in use" not in edited.log[1]


def test_a_reset_tries_refused_files_again(edited: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edited.files, "load", failing)
    refused = edited.edit(edited.of("Second"))
    assert edited.world.catch_up() == refused
    assert (edited.watch.look(), len(edited.log)) == (refused, 1)
    monkeypatch.undo()
    assert (edited.watch.look(), edited.name()) == (refused, "First")
    assert (edited.world.catch_up(), edited.name()) == ("", "Second")


def failing(_: object) -> None:
    raise FixtureError([Mistake("mine.yaml", "", "can't be read: Stale file handle")])


def test_an_edit_with_the_same_mistake_is_told_again(edited: Edited) -> None:
    for _ in range(2):
        edited.edit("agent: []\n")
    assert edited.log[0] == edited.log[1]


def test_another_mode_is_a_change(edited: Edited) -> None:
    edited.path.chmod(0o600)
    edited.watch.look()
    edited.path.chmod(0o644)
    assert edited.files.edited() == [str(edited.path)]


def test_a_dangling_link_is_a_mistake_until_it_is_removed(edited: Edited, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to("nowhere")
    assert f"{link}: can't be read" in edited.watch.look()
    assert "not in use" in edited.edit(edited.of("Second"))
    link.unlink()
    assert (edited.watch.look(), edited.name()) == ("", "Second")


def test_a_file_that_comes_into_the_folder_is_loaded_too(edited: Edited, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("agents: [{id: b, name: B}]\n")
    assert edited.watch.look() == ""
    assert edited.world.default.agent_ids() == ["a", "b"]


def named(*environments: str) -> str:
    bodies = ", ".join(f"{name}: {{tokens: [talq_{name}], expired_tokens: [talq_old_{name}]}}" for name in environments)
    return f"environments: {{{bodies}}}\n"


def test_environments_come_and_go_with_their_tokens(edited: Edited) -> None:
    world = edited.world
    edited.edit(edited.of("First", named("one", "two")))
    gone = world.by_token("talq_one")
    assert gone.name == "one"
    edited.edit(edited.of("First", named("two", "three") + "tokens: [talq_one]\n"))
    assert list(world.environments) == ["default", "two", "three"]
    assert [world.by_token(f"talq_{name}").name for name in ("one", "two", "three")] == ["default", "two", "three"]
    with pytest.raises(Missing):
        world.by_name("one")
    assert gone.journal.log.watch(lambda _: True, 1, seconds=WAIT).items == (), "a wait there ends at once"
    edited.edit(edited.of("First", named("three")))
    with pytest.raises(InvalidToken, match="belonged to environment two, which has been closed"):
        world.by_token("talq_two")
    assert world.by_token("talq_one").name == "default"


def test_environments_are_in_the_order_of_the_file(edited: Edited) -> None:
    names = ["f", "b", "d", "a", "e", "c"]
    edited.edit(edited.of("First", named(*names)))
    assert list(edited.world.environments) == ["default", *names]


@pytest.mark.parametrize(
    ("name", "token"), [("three", "talq_mine"), ("mine", "talq_three"), ("mine", "talq_old_three")]
)
def test_an_opened_environment_keeps_its_name_and_its_token(name: str, token: str, edited: Edited) -> None:
    opened = edited.world.open(edited.world.default, name, token)
    said = edited.edit(edited.of("Second", named("three")))
    assert f"environment {name} was opened with the name or a token of three; close it first" in said
    assert (edited.name(), edited.world.by_token(token)) == ("First", opened)
    assert (edited.watch.look(), len(edited.log)) == (said, 1)
    edited.world.close(name)
    assert (edited.watch.look(), edited.name()) == ("", "Second"), "no file has changed since"


def test_another_seed_gives_the_ids_of_a_server_that_starts_with_it(edited: Edited) -> None:
    edited.edit(edited.of("First", "settings: {seed: 5}\n"))
    other = World(load([edited.path]))
    ids = [each.default.webhooks.ids.new(MOMENT) for each in (edited.world, other)]
    other.stop()
    assert ids[0] == ids[1]


def test_the_copy_for_foreign_pages_follows_too(edited: Edited) -> None:
    world = edited.world
    world.for_page(world.default)
    edited.edit(edited.of("Second"))
    assert edited.name(world.for_page(world.default)) == "Second"


def test_a_reset_looks_by_itself(edited: Edited) -> None:
    http = create_app(edited.world, Guard()).test_client()
    toggle(edited.world.default)
    edited.write(edited.of("Second"))
    assert http.post("/__admin/reset").get_json() == {"environment": "default", "reset": True}
    assert edited.name() == "Second"
    edited.write("agents: [\n")
    answer = http.post("/__admin/reset").get_json()
    assert "are not in use, because of mistakes" in answer["note"]
    assert "is not YAML" in answer["note"]
    assert edited.name() == "Second"


@pytest.mark.slow
def test_without_watch_a_reset_says_that_the_file_is_newer(edited: Edited) -> None:
    edited.world.catch_up = lambda: not_in_use(edited.files)
    http = create_app(edited.world, Guard()).test_client()
    assert "note" not in http.post("/__admin/reset").get_json()
    edited.write(edited.of("Second"))
    note = f"the fixtures have changed since the server loaded them ({edited.path})"
    remedy = "restart the server, or start it with --watch"
    assert http.post("/__admin/reset").get_json()["note"] == f"{note}; {remedy}"
    assert edited.name() == "First"
    page = http.post("/__admin/", data={"action": "reset"}, follow_redirects=True)
    assert "the fixtures have changed since the server loaded them" in page.text


def source(document: dict[str, Any]) -> Source:
    return Source("body", "", document)


def until_it_is_called(name: str, url: str) -> None:
    """Returns when the API shows the agent's new name."""
    end_at = monotonic() + WAIT
    while monotonic() < end_at:
        answer = requests.get(f"{url}/api/v1/agents/a", headers={"Authorization": "Bearer talq_test"}, timeout=WAIT)
        if answer.json()["data"]["name"] == name:
            return
        sleep(0.02)
    pytest.fail(f"the agent was never called {name}")


@pytest.mark.slow
def test_a_server_follows_its_file_and_prints_mistakes(launch: Launch, errors: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(Edited.of("First"))
    process = launch("mine.yaml", "--watch")
    url = url_of(process)
    path.write_text(Edited.of("Second one"))
    until_it_is_called("Second one", url)
    path.write_text("agents: [\n")
    end_at = monotonic() + WAIT
    while "mine.yaml:1: is not YAML" not in errors.read_text() and monotonic() < end_at:
        sleep(0.02)
    assert "because of mistakes (mine.yaml)" in errors.read_text()
    path.write_text(Edited.of("Third and last"))
    until_it_is_called("Third and last", url)
    assert end(process) == ""


@pytest.mark.slow
def test_the_command_prints_the_word_of_a_reset(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(Edited.of("First"))
    url = url_of(launch("mine.yaml"))
    path.write_text(Edited.of("Second one"))
    result = run("reset", "--url", url)
    assert result.exit_code == 0
    assert "the fixtures have changed since the server loaded them (mine.yaml)" in result.stderr

"""The file of what was learned: added to, never over somebody's own, whole or not at all, read as it was meant."""

import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from talkover_mock.learning.writing import MARK, CannotWrite, check_path, literal, write
from talkover_mock.loading.files import load
from tests.support.rows import each_row


def test_a_file_of_these_commands_is_added_to(tmp_path: Path) -> None:
    file = tmp_path / "learned.yaml"
    write(file, {"settings": {"plan": "professional"}, "agents": [{"id": "a", "name": "A"}]}, ["a note"])
    more = {"settings": {"create_status": 201}, "agents": [{"id": "a", "name": "B"}, {"id": "c", "name": "C"}]}
    write(file, more, ["a note", "another\nnote"])
    baseline = load([file])["default"].baseline
    assert baseline.settings.overrides() == {"plan": "professional", "create_status": 201}
    assert [(agent.id, agent.name) for agent in baseline.agents.values()] == [("a", "B"), ("c", "C")]
    assert file.read_text().startswith(f"{MARK}\n# a note\n# another\\nnote\nsettings:\n")
    assert [*tmp_path.iterdir()] == [file]


def test_what_was_added_by_hand_stays(tmp_path: Path) -> None:
    file = tmp_path / "learned.yaml"
    hook = {"id": "w", "name": "W", "webhook_url": "https://a.example", "events": ["event_action"]}
    write(file, {"agents": [{"id": "a", "name": "A", "webhooks": [{**hook, "status": "error"}]}]}, [])
    by_hand = file.read_text().replace("    name: W\n", "    name: W\n    webhook_secret: by hand\n")
    file.write_text(by_hand + "- name: Without id\n- id: mine\n  name: Mine\n")
    file.chmod(0o600)
    again = {"id": "a", "name": "B", "webhooks": [{**hook, "name": "V"}, {**hook, "id": "v"}]}
    write(file, {"agents": [again]}, [])
    baseline = load([file])["default"].baseline
    assert [agent.name for agent in baseline.agents.values()] == ["B", "Without id", "Mine"]
    webhook = baseline.webhooks["w"]
    assert (webhook.name, webhook.webhook_secret, webhook.in_error) == ("V", "by hand", False)
    assert "v" in baseline.webhooks
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "learned.yaml", tmp_path / "link.yaml"
    write(file, {"agents": []}, [])
    link.symlink_to(file)
    write(link, {"settings": {"plan": "professional"}}, [])
    assert link.is_symlink()
    assert "professional" in file.read_text()


def test_settings_that_turn_out_to_be_the_defaults_are_removed(tmp_path: Path) -> None:
    file = tmp_path / "learned.yaml"
    write(file, {"settings": {"plan": "professional", "delivery_json": "plain"}}, [])
    write(file, {"settings": {"rate_limit": 7}}, [], {"plan", "rate_limit"})
    assert load([file])["default"].baseline.settings.overrides() == {"rate_limit": 7, "delivery_json": "plain"}
    write(file, {}, [], {"rate_limit", "delivery_json"})
    assert load([file])["default"].baseline.settings.overrides() == {}


@each_row("text", ["agents: []\n", f"{MARK}\n- 1\n", "", "{broken"])
def test_a_file_of_somebody_else_is_refused_and_stays(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(CannotWrite):
        check_path(file)
    with pytest.raises(CannotWrite):
        write(file, {"agents": []}, [])
    assert file.read_text() == text


def test_a_variable_that_was_added_by_hand_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "learned.yaml"
    hook = {"id": "w", "name": "W", "webhook_url": "https://a.example", "events": ["event_action"]}
    document = {"agents": [{"id": "a", "name": "A", "webhooks": [hook]}]}
    write(file, document, [])
    file.write_text(file.read_text().replace("name: W\n", "name: W\n    webhook_secret: ${OF_THE_HOOK}\n"))
    with pytest.raises(CannotWrite, match="the environment variable OF_THE_HOOK is not set"):
        check_path(file)
    monkeypatch.setenv("OF_THE_HOOK", "by hand")
    check_path(file)
    write(file, document, [])
    assert "${OF_THE_HOOK}" in file.read_text()
    assert load([file])["default"].baseline.webhooks["w"].webhook_secret == "by hand"


def test_what_was_added_by_hand_and_makes_no_fixture_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "learned.yaml"
    file.write_text(f"{MARK}\nagents:\n- name: A\n  webhooks: [5]\n")
    with pytest.raises(CannotWrite, match=r"can't be added to: .*learned.yaml:4: agents\[0\].webhooks\[0\]: "):
        check_path(file)


def test_a_link_that_leads_nowhere_is_refused_at_once(tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "none" / "a.yaml")
    with pytest.raises(CannotWrite, match="none is no folder"):
        check_path(link)


def test_a_folder_that_cannot_be_written_to_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != tmp_path)  # an administrator may write anywhere
    with pytest.raises(CannotWrite, match="can't be written to"):
        check_path(tmp_path / "a.yaml")


def test_a_path_that_can_hold_no_fixture(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"name that ends in \.yaml"):
        check_path(tmp_path / "a.json")
    with pytest.raises(CannotWrite, match="is no folder"):
        check_path(tmp_path / "none" / "a.yaml")
    check_path(tmp_path / "a.yaml")


def test_what_makes_no_fixture_is_not_written_and_its_value_not_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite) as caught:
        write(tmp_path / "a.yaml", {"agents": [{"name": "A", "language": "secret words"}]}, [])
    assert str(caught.value) == "what was learned makes no fixture: agents[0].language does not fit"
    assert not (tmp_path / "a.yaml").exists()


def test_a_file_without_variables_is_not_added_to(tmp_path: Path) -> None:
    """What is added has each dollar twice, which such a file would keep."""
    path = tmp_path / "a.yaml"
    write(path, {"agents": []}, [])
    path.write_text(path.read_text() + "variables: false\n")
    with pytest.raises(CannotWrite, match=r"can't be added to: .* remove variables: false$"):
        check_path(path)


def test_what_cannot_even_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"^what was learned makes no fixture: line 2 does not fit$"):
        write(tmp_path / "a.yaml", {"x-a": datetime(2025, 9, 3, tzinfo=timezone(timedelta(hours=1, seconds=1)))}, [])


@pytest.mark.parametrize("name", ["${HOME}", "$5", "$$", "a: b", "'", "é\n", "\ud800", "no", "2025-01-01"])
def test_a_text_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", literal({"agents": [{"id": "a", "name": name, "label": name}]}), [])
    agent = load([tmp_path / "a.yaml"])["default"].baseline.agents["a"]
    assert (agent.name, agent.details["label"]) == (name.replace("\ud800", "\ufffd"),) * 2

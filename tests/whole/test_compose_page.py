"""The files that docs/compose.md shows for other programs: right by their schemas, and true of this release."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from talkover_mock import __version__
from tests.conftest import ROOT
from tests.support.installed import lint_workflow, needs_actionlint, run

PAGE = (ROOT / "docs" / "compose.md").read_text()
_BLOCK = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = [(name, f"# {name}\n{text}") for name, text in _BLOCK.findall(PAGE)]
"""Each file with its name, which is its first line."""
SCHEMAS = {
    "compose.yaml": "vendor.compose-spec",
    ".github/workflows/test.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}
VARIABLES = ("TALKOVER_MOCK_URL", "TALKOVER_RECEIVER_HOST")
"""The examples for Node and Java read them."""


def shown(name: str) -> list[Any]:
    found = [list(yaml.safe_load_all(text)) for its_name, text in SHOWN if its_name == name]
    assert found
    return found


def test_each_file_is_checked_by_a_test() -> None:
    assert {name for name, _ in SHOWN} == {*SCHEMAS, "talkover.yaml"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "text"), [each for each in SHOWN if each[0] in SCHEMAS])
def test_it_agrees_with_the_published_schema(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[name], str(path)], tmp_path, os.environ)


@pytest.mark.slow
@needs_actionlint
@pytest.mark.parametrize("text", [text for name, text in SHOWN if name.startswith(".github")])
def test_a_linter_finds_nothing_in_a_workflow_that_is_shown(text: str, tmp_path: Path) -> None:
    path = tmp_path / "workflow.yml"
    path.write_text(text)
    lint_workflow(path)


def test_every_version_that_is_shown_is_this_one() -> None:
    texts = [path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    found = [version for text in texts for version in re.findall(r"talkover-mock(?::|==|@v)(\d[\w.]*\w)", text)]
    assert len(found) > 5
    assert set(found) == {__version__}


def test_the_shown_compose_file_waits_for_the_server_and_can_call_the_host() -> None:
    [[compose]] = shown("compose.yaml")
    server, app = compose["services"]["talkover"], compose["services"]["app"]
    assert server["extra_hosts"] == ["host.docker.internal:host-gateway"]
    assert server["volumes"][0].endswith(":/fixtures:ro")
    assert app["depends_on"] == {"talkover": {"condition": "service_healthy"}}


def test_the_shown_workflows_use_the_action_and_the_image_as_they_are() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    [[[by_action]], [[by_image]]] = [
        [[each["jobs"]["test"]] for each in found] for found in shown(".github/workflows/test.yml")
    ]
    [used] = [step for step in by_action["steps"] if "talkover-mock@" in step.get("uses", "")]
    assert used["with"].keys() <= action["inputs"].keys()
    outputs = re.findall(r"steps\.talkover\.outputs\.([\w-]+)", str(by_action))
    assert outputs
    assert set(outputs) <= action["outputs"].keys()
    assert by_image["services"]["talkover"]["ports"] == ["7357:7357"]
    assert by_image["env"].keys() == set(VARIABLES)
    for name in re.findall(r"echo \"(TALKOVER_\w+)=", str(action)):
        assert f"`{name}`" in PAGE


def test_the_shown_pipeline_names_its_service() -> None:
    [[pipeline]] = shown(".gitlab-ci.yml")
    [service] = pipeline["test"]["services"]
    assert pipeline["test"]["variables"] == {"TALKOVER_MOCK_URL": f"http://{service['alias']}:7357"}


def test_the_shown_pod_and_its_service_belong_together() -> None:
    [[pod, service]] = shown("talkover.yaml")
    [container] = pod["spec"]["containers"]
    assert (pod["kind"], service["kind"]) == ("Pod", "Service")
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["spec"]["ports"] == [{"port": 7357}]
    assert container["readinessProbe"]["httpGet"] == {"path": "/__admin/health", "port": 7357}
    assert f"http://{service['metadata']['name']}:7357" in PAGE


def test_the_variables_of_the_examples_are_explained() -> None:
    texts = [path.read_text() for path in (ROOT / "docs" / "examples").rglob("*") if path.is_file()]
    assert {name for text in texts for name in re.findall(r"TALKOVER_\w+", text)} == set(VARIABLES)
    for name in VARIABLES:
        assert f"`{name}`" in PAGE

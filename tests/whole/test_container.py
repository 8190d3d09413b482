"""The image and the compose file, as far as they can be tried without a container engine."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from tests.conftest import ROOT
from tests.support.installed import Installed, fresh_environment, run, serving, source_tree

pytestmark = pytest.mark.slow
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """The Dockerfile's instructions in order, each with what follows it."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line.partition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in lines]


def last(name: str) -> str:
    return [rest for each, rest in instructions() if each == name][-1]


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def image(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A virtual environment made by the image's own install command, and the image's variables."""
    folder = tmp_path_factory.mktemp("image")
    environment = fresh_environment(folder / "venv", installed.packages)
    source = folder / "source"
    source.mkdir()
    run(last("RUN").replace("/install", str(folder / "venv")), source_tree(source), environment)
    variables = dict(pair.split("=") for pair in last("ENV").split())
    return folder, {**environment, **variables}


def test_the_image_is_built_from_instructions_that_exist() -> None:
    names = [name for name, _ in instructions()]
    assert set(names) <= {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert names[0] == "FROM"
    assert names.count("ENTRYPOINT") == names.count("CMD") == names.count("HEALTHCHECK") == 1
    assert all("-slim" in rest for name, rest in instructions() if name == "FROM")


def test_the_image_copies_what_there_is_and_what_its_context_lets_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and not rest.startswith("--from")]
    sources = {source for sources in copied for source in sources}
    assert all((ROOT / source).exists() for source in sources)
    assert {source.split("/")[0] for source in sources} == let_in


def test_the_image_runs_as_nobody() -> None:
    user, group = map(int, last("USER").split(":"))
    assert user > 0
    assert group > 0


def test_the_image_serves_the_mounted_fixtures_to_the_network_and_is_healthy(
    image: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, variables = image
    mounted = tmp_path / "fixtures"
    mounted.mkdir()
    (mounted / "mine.yaml").write_text("tokens: [talq_mine]\n")
    assert (variables["TALKOVER_MOCK_FIXTURES"], variables["TALKOVER_MOCK_HOST"]) == ("/fixtures", "0.0.0.0")
    variables = {**variables, "TALKOVER_MOCK_FIXTURES": str(mounted), "TALKOVER_MOCK_PORT": "0"}
    command = json.loads(last("ENTRYPOINT")) + json.loads(last("CMD"))
    with serving(command, tmp_path, variables) as url:
        state = requests.get(f"{url}/__admin/state", headers={"Host": "talkover:7357"}, timeout=10)
        assert state.json() == {"agents": []}
        check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
        healthy = run(check, folder, {**variables, "TALKOVER_MOCK_PORT": url.rpartition(":")[2]})
        assert json.loads(healthy)["status"] == "ok"
        journal = requests.get(f"{url}/__admin/requests", timeout=10).json()
        assert journal["count"] == 0, "the check is no call of the API"


def test_the_health_check_starts_within_a_second() -> None:
    found = re.search(r"--start-interval=(\d+)ms", last("HEALTHCHECK"))
    assert found
    assert int(found[1]) < 1000


def test_compose_agrees_with_the_published_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_mounts_the_fixtures_and_waits_until_the_server_is_healthy(compose: Any) -> None:
    server, app = compose["services"]["talkover"], compose["services"]["app"]
    assert (server["read_only"], server["init"]) == (True, True)
    folder, target, mode = server["volumes"][0].split(":")
    assert (target, mode) == (dict(pair.split("=") for pair in last("ENV").split())["TALKOVER_MOCK_FIXTURES"], "ro")
    assert (ROOT / folder).is_dir()
    assert server["ports"][0].split(":")[-1] == last("EXPOSE")
    assert app["depends_on"] == {"talkover": {"condition": "service_healthy"}}


def test_the_application_of_compose_toggles_the_documented_webhook(
    compose: Any, image: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    command = ["curl", *compose["services"]["app"]["command"]]
    address = urlsplit(command[-1])
    assert address.netloc == f"talkover:{last('EXPOSE')}"
    variables = {**image[1], "TALKOVER_MOCK_FIXTURES": str(ROOT / "fixtures"), "TALKOVER_MOCK_PORT": "0"}
    with serving(["talkover-mock", "serve"], tmp_path, variables) as url:
        command[-1] = url + address.path
        assert '"message":"Webhook enabled"' in run(command, tmp_path, variables)

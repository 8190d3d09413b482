"""The action and the release workflow, as far as they can be tried without their service."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from talkover_mock import __version__
from tests.conftest import ROOT
from tests.support.documented import TOKEN
from tests.support.installed import WHEELS, Installed, lint_workflow, needs_actionlint, run, source_tree, without_own

pytestmark = pytest.mark.slow

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
_, INSTALL, START = ACTION["runs"]["steps"]
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS = [*ACTION["runs"]["steps"], *(step for job in JOBS.values() for step in job["steps"])]
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""As the service calls it."""


def scripts() -> list[Any]:
    found = [pytest.param(step["run"], id=step["name"]) for step in STEPS if "run" in step]
    assert len(found) >= 8
    return found


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", ".github/workflows/release.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
    ],
)
def test_they_agree_with_the_published_schemas(schema: str, path: str) -> None:
    run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path], ROOT, {})


@needs_actionlint
def test_a_linter_finds_nothing_in_the_workflow(tmp_path: Path) -> None:
    """It knows, by their tags, the inputs of actions and which of them still run; shellcheck looks at the scripts."""
    workflow = ROOT / ".github" / "workflows" / "release.yml"
    lint_workflow(workflow)

    by_tags = re.sub(r"@[0-9a-f]{40}  # (v\d+)[.0-9]+$", r"@\1", workflow.read_text(), flags=re.MULTILINE)
    copy = tmp_path / "release.yml"
    copy.write_text(by_tags)
    lint_workflow(copy)
    wrong = {
        ("steps.build.outputs", "steps.built.outputs"): 'property "built" is not defined',
        ("          python-version:", "          python_version:"): 'input "python_version" is not defined in action',
    }
    for change, said in wrong.items():
        copy.write_text(by_tags.replace(*change))
        with pytest.raises(AssertionError, match=said):
            lint_workflow(copy)


@pytest.mark.parametrize("script", scripts())
def test_shellcheck_finds_nothing_in_a_script(script: str, tmp_path: Path) -> None:
    plain = re.sub(r"\$\{\{.*?\}\}", "value", script)
    assert plain == script, "a script reads its inputs from variables: text put into a script could be a command"
    path = tmp_path / "script.sh"
    path.write_text(script)
    run([str(Path(sys.executable).parent / "shellcheck"), "--shell=bash", str(path)], tmp_path, {})


def test_every_action_is_pinned_to_a_commit_beside_its_tag() -> None:
    """A tag can be moved to other code."""
    texts = [(ROOT / path).read_text() for path in ("action.yml", ".github/workflows/release.yml")]
    used = [found for text in texts for found in re.findall(r"uses: (.*)", text)]
    assert len(used) == len([step for step in STEPS if "uses" in step]) > 5
    others = {each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", each)}
    assert others == {"./"}


def test_only_publishing_may_write() -> None:
    assert WORKFLOW["permissions"] == {}
    writing = {name for name, job in JOBS.items() if "write" in job["permissions"].values()}
    assert writing == {"publish", "image"}
    for name in writing:
        assert JOBS[name]["if"] == "github.ref_type == 'tag'"
        assert {"test", "lowest", "everything", "container", "action", "install"} == set(JOBS[name]["needs"])
    assert set(re.findall(r"secrets\.(\w+)", str(WORKFLOW))) == {"GITHUB_TOKEN"}
    assert [name for name, job in JOBS.items() if "timeout-minutes" not in job] == []


def test_the_matrix_has_each_python_that_is_promised() -> None:
    promised = re.findall(r"Programming Language :: Python :: (3\.\d+)", (ROOT / "setup.cfg").read_text())
    assert JOBS["test"]["strategy"]["matrix"]["python"] == promised
    [lowest] = [step["with"]["python-version"] for step in JOBS["lowest"]["steps"] if "python" in step.get("uses", "")]
    assert lowest == promised[0]


@pytest.mark.parametrize("command", [step["run"] for step in STEPS if step.get("run", "").startswith("make ")])
def test_a_target_of_make_that_a_step_names_is_there(command: str) -> None:
    run(f"{command} --dry-run", ROOT, os.environ)


class Runner:
    """Runs steps one after another as the service does: what a step exports, the next ones have."""

    def __init__(self, folder: Path, context: Mapping[str, str]) -> None:
        if not WHEELS.is_dir():
            pytest.fail(f"there are no wheels in {WHEELS}; `make test` builds them")
        self.folder, self.context = folder, dict(context)
        self.variables = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS)}
        self._groups: list[int] = []
        (folder / "temp").mkdir()

    def run(self, step: Mapping[str, Any], expected: int = 0) -> str:
        """What the step says. Fails when it ends with another code."""
        files = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
        for file in files.values():
            file.write_text("")
        script = self.folder / "script.sh"
        script.write_text(step["run"])
        given = {name: self._value(str(text)) for name, text in step.get("env", {}).items()}
        variables = {**self.variables, **given, "RUNNER_TEMP": str(self.folder / "temp")}
        variables.update({name: str(file) for name, file in files.items()})
        with subprocess.Popen(
            [*SHELL, str(script)],
            cwd=self.folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            self._groups.append(process.pid)
            said, _ = process.communicate(timeout=120)
        assert process.returncode == expected, said
        for name, value in _pairs(files["GITHUB_OUTPUT"]):
            self.context[f"steps.{step['id']}.outputs.{name}"] = value
        self.variables.update(_pairs(files["GITHUB_ENV"]))
        for folder in files["GITHUB_PATH"].read_text().splitlines():
            self.variables["PATH"] = folder + os.pathsep + self.variables["PATH"]
        return said

    def _value(self, text: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self.context[found[1]], text)

    def outputs(self) -> dict[str, str]:
        """The outputs of the whole action."""
        return {name: self._value(output["value"]) for name, output in ACTION["outputs"].items()}

    def end(self) -> None:
        """Ends what the steps have left running, as the service does at the end of a job."""
        for group in self._groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)


def _pairs(file: Path) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (line.partition("=") for line in file.read_text().splitlines())]


def script_of(of_job: str, name: str) -> dict[str, Any]:
    [found] = [step for step in JOBS[of_job]["steps"] if step.get("name") == name]
    return dict(found)


def quick_python(folder: Path, installed: Installed) -> Path:
    """A Python whose new environments have a `pip` and what the package needs: to bring in others takes seconds."""
    path = folder / "bin" / "python"
    path.parent.mkdir()
    linked = [Path(sysconfig.get_path("purelib")) / "pip", *without_own(installed.packages)]
    link = shlex.join(["ln", "-s", *map(str, linked)])
    path.write_text(
        f'#!/bin/sh\ntest "$1 $2" = "-m venv" || exec {sys.executable} "$@"\n'
        f'{sys.executable} -m venv --without-pip "$3" && {link} "$3"/lib/python*/site-packages/\n'
    )
    path.chmod(0o755)
    return path


def job(folder: Path) -> Runner:
    """A job before its first step; the action's inputs have their defaults, but for a free port."""
    defaults = {f"inputs.{name}": str(given["default"]) for name, given in ACTION["inputs"].items()}
    found = {"github.action_path": str(folder / "checkout"), "steps.python.outputs.python-path": sys.executable}
    return Runner(folder, {**defaults, **found, "inputs.port": "0"})


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return job(tmp_path)


@pytest.fixture(scope="module")
def with_action(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A job after the action's first two steps; the first can't run here, and the second has installed the server."""
    runner = job(tmp_path_factory.mktemp("action"))
    runner.context["steps.python.outputs.python-path"] = str(quick_python(runner.folder, installed))
    checkout = Path(runner.context["github.action_path"])
    checkout.mkdir()
    source_tree(checkout)
    runner.run(INSTALL)
    yield runner
    runner.end()


def test_the_action_starts_a_server_for_the_steps_that_follow(with_action: Runner) -> None:
    (with_action.folder / "mine.yaml").write_text("agents: [{id: mine, name: Mine}]\n")
    with_action.context["inputs.fixtures"] = "mine.yaml"
    with_action.context["inputs.options"] = "--keep 3"
    with_action.run(START)
    outputs = with_action.outputs()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", outputs["url"])
    assert outputs["api-url"] == f"{outputs['url']}/api/v1"
    agents = requests.get(f"{outputs['api-url']}/agents", headers=TOKEN, timeout=10).json()["data"]
    assert [agent["id"] for agent in agents] == ["mine"]
    assert requests.get(f"{outputs['admin-url']}/health", timeout=10).json()["version"] == __version__

    for name, value in outputs.items():
        with_action.context[f"steps.talkover.outputs.{name}"] = value
    said = with_action.run(script_of("action", "Ask the server that the action has started"))
    assert '"status": "ok"' in said
    assert '"id":"mine"' in said
    said = with_action.run({"run": 'echo "$TALKOVER_URL $TALKOVER_MOCK_URL $TALKOVER_MOCK_ADMIN_URL"'})
    urls = [outputs["api-url"], outputs["url"], outputs["admin-url"]]
    assert said.split() == urls
    command = 'eval "$(talkover-mock env)"; echo "$TALKOVER_URL $TALKOVER_MOCK_URL $TALKOVER_MOCK_ADMIN_URL"'
    unset = {"env": {"TALKOVER_URL": "", "TALKOVER_MOCK_ADMIN_URL": ""}}
    assert with_action.run({"run": command, **unset}).split() == urls, "the command has the same names"
    path = {"command": "command -v talkover-mock", "python": "command -v python3"}
    found = {name: with_action.run({"run": command}).strip() for name, command in path.items()}
    assert found == {"command": outputs["command"], "python": shutil.which("python3")}
    assert "GET /api/v1/agents" in Path(outputs["log"]).read_text()


def test_the_action_says_why_a_server_does_not_start(with_action: Runner) -> None:
    (with_action.folder / "bad.yaml").write_text("agents: [{id: mine}]\n")
    with_action.context["inputs.fixtures"] = "bad.yaml"
    said = with_action.run(START, expected=1)
    assert "::error::the Talkover mock server did not start" in said
    assert "The name field is required." in said


def test_the_action_takes_no_other_output_for_the_url(with_action: Runner) -> None:
    with_action.context["inputs.fixtures"] = ""
    with_action.context["inputs.options"] = "--help"
    said = with_action.run(START, expected=1)
    assert "::error::the Talkover mock server did not start" in said
    assert "Usage: talkover-mock serve" in said


def test_the_action_does_not_wait_for_ever(runner: Runner) -> None:
    """A server that never says where it is, and a `sleep` that only counts."""
    folder = runner.folder / "bin"
    folder.mkdir()
    for name, script in {
        "server": "trap 'exit 0' TERM\nwhile :; do read -r _ < fifo; done",
        "sleep": "echo >> slept",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    os.mkfifo(runner.folder / "fifo")
    (runner.folder / "temp" / "talkover-mock").mkdir()
    runner.variables["PATH"] = f"{folder}{os.pathsep}{runner.variables['PATH']}"
    runner.context["steps.install.outputs.command"] = str(folder / "server")
    try:
        said = runner.run(START, expected=1)
    finally:
        runner.end()
    assert "::error::the Talkover mock server did not start" in said
    assert len((runner.folder / "slept").read_text().splitlines()) == 300


def test_one_job_requires_what_other_jobs_skip() -> None:
    """Each variable that makes a skipped test fail is set by .ci/run, which a job runs before anything is published."""
    texts = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    required = set(re.findall(r"TALKOVER_MOCK_REQUIRE_[A-Z]+", texts))
    assert len(required) == 3
    assert required == set(re.findall(r"(TALKOVER_MOCK_REQUIRE_[A-Z]+)=1", (ROOT / ".ci" / "run").read_text()))
    assert [step["run"] for step in JOBS["everything"]["steps"] if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("refused", ["none", "build", "run", "exec"])
def test_the_image_is_built_and_asked_in_every_run(refused: str, runner: Runner) -> None:
    """With programs that only note what they are told: the step ends with the first one that fails."""
    assert "if" not in JOBS["container"]
    folder = runner.folder / "bin"
    folder.mkdir()
    for name in ("docker", "curl"):
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $@"\ntest "$1" != {refused}\n')
        (folder / name).chmod(0o755)
    runner.variables["PATH"] = f"{folder}{os.pathsep}{runner.variables['PATH']}"
    said = runner.run(script_of("container", "Build the image, start it and ask it"), expected=int(refused != "none"))
    told = [" ".join(line.split()[:2]) for line in said.splitlines()]
    every = ["docker build", "docker run", "docker run", "docker exec", "curl --fail"]
    assert told == (every if refused == "none" else every[: every.index(f"docker {refused}") + 1])


@pytest.mark.parametrize("version", ["", "0.1.0"], ids=["the checkout", "a version of the index"])
def test_the_action_installs_what_is_asked_for(version: str, runner: Runner) -> None:
    """With a Python that only notes what it is told."""
    python = runner.folder / "python"
    python.write_text(
        '#!/bin/sh\necho "$@"\nmkdir -p "$3/bin"\ncp "$0" "$3/bin/talkover-mock"\ncp "$0" "$3/bin/python"\n'
    )
    python.chmod(0o755)
    runner.context["steps.python.outputs.python-path"] = str(python)
    runner.context["inputs.version"] = version
    wanted = f"talkover-mock=={version}" if version else runner.context["github.action_path"]
    assert runner.run(INSTALL).splitlines()[1:] == [f"-m pip install --quiet {wanted}"]


def test_a_built_file_is_installed_and_tried(runner: Runner, built: tuple[Path, Path], installed: Installed) -> None:
    """The wheel; the other one is tried in the same way, and installing it is tested elsewhere."""
    folder = runner.folder / "dist"
    folder.mkdir()
    patterns = JOBS["install"]["strategy"]["matrix"]["file"]
    assert [found for pattern in patterns for found in built[0].parent.glob(pattern)] == [built[1], built[0]]
    shutil.copy(built[1], folder)
    runner.context["matrix.file"] = patterns[0]
    runner.variables["PATH"] = f"{quick_python(runner.folder, installed).parent}{os.pathsep}{runner.variables['PATH']}"
    assert "1 passed" in runner.run(script_of("install", "Install it into a fresh environment and run a test with it"))


def test_a_tag_is_compared_with_the_version(runner: Runner, tmp_path: Path) -> None:
    source_tree(tmp_path)
    step = script_of("build", "Compare the tag with the version")
    runner.context["github.ref_name"] = f"v{__version__}"
    runner.run(step)
    runner.context["github.ref_name"] = f"v{__version__}0"
    runner.run(step, expected=1)

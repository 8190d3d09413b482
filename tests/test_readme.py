"""What the README shows is what happens."""

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from mockserver import cli
from mockserver.server import Server
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    found = [text for each, text in BLOCKS if each == language]
    assert found
    return found


def without_times(text: str) -> str:
    return re.sub(r'"updated_at":"[^"]*"', '"updated_at":"(now)"', text).replace("\r", "")


@pytest.mark.parametrize("session", blocks("console"))
def test_a_command_answers_what_the_readme_shows(session: str, server: Server) -> None:
    prompt, _, expected = session.partition("\n")
    command = prompt.removeprefix("$ ").replace("http://127.0.0.1:7357", server.url)
    assert server.url in command
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert without_times(answer.stdout).rstrip() == without_times(expected).rstrip()


@pytest.mark.parametrize("program", blocks("python"))
def test_a_test_of_the_readme_passes(program: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(program)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


@pytest.mark.parametrize("fixture", blocks("yaml"))
def test_a_fixture_of_the_readme_is_right(fixture: str, tmp_path: Path) -> None:
    path = tmp_path / "fixture.yaml"
    path.write_text(fixture)
    result = CliRunner().invoke(cli.main, ["check", str(path)])
    assert (result.exit_code, result.output) == (0, "default: 1 agents, 1 webhooks\nstaging: 0 agents, 0 webhooks\n")


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_readme_names_every_admin_route(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/__admin"):
            method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            path = rule.rule.replace("<", "{").replace(">", "}")
            assert f"`{method} {path}`" in README

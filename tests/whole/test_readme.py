"""What the README and the pages in docs/ show is what happens."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import click
import pytest
import requests
import yaml
from click.testing import CliRunner
from flask import Flask

from talkover_mock import cli
from talkover_mock.base.words import number_of
from talkover_mock.cli import serve
from talkover_mock.client import MockServer
from talkover_mock.web.server import Server
from tests.conftest import ROOT
from tests.support.documented import AGENT
from tests.support.installed import run
from tests.support.rows import each_row

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.name: page.read_text() for page in PAGES}
README = TEXTS["README.md"]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(f"{page}-{i}", *found) for page, text in TEXTS.items() for i, found in enumerate(_BLOCK.findall(text))]
LINKS = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)]+)\)", TEXTS[page.name])]


SHOWN_URL = "http://127.0.0.1:7357"


def each(language: str, is_one: Callable[[str], bool] = lambda _: True) -> pytest.MarkDecorator:
    """Once for every block in the language, or for some of them."""
    found = [
        pytest.param(text, id=id) for id, its_language, text in BLOCKS if its_language == language and is_one(text)
    ]
    assert found
    return pytest.mark.parametrize("text", found)


def test_every_block_is_in_a_language_that_is_tried() -> None:
    assert {language for _, language, _ in BLOCKS} == {"console", "http", "java", "js", "nginx", "python", "yaml"}


def without_times(text: str) -> str:
    return re.sub(r'"updated_at":"[^"]*"', '"updated_at":"(now)"', text).replace("\r", "").rstrip()


@pytest.mark.slow
@each("console")
def test_commands_answer_what_is_shown(text: str, server: Server, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    first, *sessions = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert first == ""
    for session in sessions:
        prompt, _, expected = session.partition("\n")
        command = prompt.replace(SHOWN_URL, server.url)
        assert server.url in command
        answer = subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert without_times(answer.stdout) == without_times(expected.replace(SHOWN_URL, server.url))


PROGRAMS = {
    page.name: found
    for page in PAGES
    if (found := [text for id, language, text in BLOCKS if (language, id.rpartition("-")[0]) == ("python", page.name)])
}
"""The Python that a page shows, by the names of the pages that show any."""


@pytest.mark.slow
@pytest.mark.parametrize("page", PROGRAMS)
def test_the_tests_that_are_shown_pass(page: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a page in one run, each in a file of its own. A test with parameters passes more than once."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # of the other plugins that happen to be installed
    counts = [len(re.findall(r"^ *def test_", text, re.MULTILINE)) for text in PROGRAMS[page]]
    assert 0 not in counts
    pytester.makepyfile(**{f"test_{number}": text for number, text in enumerate(PROGRAMS[page])})
    outcomes = pytester.runpytest_subprocess("-W", "error", "-p", "talkover_mock").parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= sum(counts)


@pytest.mark.slow
def test_a_mistake_that_only_some_orders_show_is_reported_as_shown(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    [billing] = [text for text in PROGRAMS["pytest.md"] if "class Billing" in text]
    for right, wrong in {"set()": "[]", "bills.add": "bills.append", '{"call-1"}': '["call-1"]'}.items():
        assert billing.count(right) == 1
        billing = billing.replace(right, wrong)
    [report] = re.findall(r"^    \d+ of 200 schedules fail\n\n(?:    .*\n)+", TEXTS["pytest.md"], re.MULTILINE)
    pytester.makepyfile(test_billing=billing)
    output = pytester.runpytest_subprocess("-p", "talkover_mock").stdout.str()
    assert dedent(report) in output


@pytest.mark.slow
def test_what_is_shown_exists_in_the_oldest_python_that_is_promised(tmp_path: Path) -> None:
    """Most machines have one Python; mypy knows what each version has."""
    [oldest] = re.findall(r"^python_requires = >=(\S+)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    for page, texts in PROGRAMS.items():
        for number, text in enumerate(texts):
            (tmp_path / f"{Path(page).stem}_{number}.py").write_text(text)
    options = ["--python-version", oldest, "--check-untyped-defs", "--ignore-missing-imports"]
    run([sys.executable, "-m", "mypy", *options, "."], tmp_path, {})


@each("http")
def test_calls_that_are_shown_are_answered_with_the_status_that_is_shown(text: str, server: Server) -> None:
    first, *calls = re.split(r"^### ", text.replace(SHOWN_URL, server.url), flags=re.MULTILINE)
    assert (first, len(calls) > 0) == ("", True)
    for call in calls:
        status, head, body = re.fullmatch(r"(\d+) .*?\n(.*?)(?:\n\n(.*))?", call.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
        line, *headers = head.splitlines()
        method, url = line.split(" ")
        sent = dict(header.split(": ") for header in headers)
        answer = requests.request(method, url, headers=sent, data=body, timeout=10)
        assert answer.status_code == int(status), (line, answer.text)
        for name in re.findall(r'"\w+"(?:: true)?', call.splitlines()[0]):
            assert name in answer.text, (line, answer.text)


@each("yaml", lambda text: text.startswith("services:"))
def test_a_composition_that_is_shown_is_a_part_of_the_one_that_is_there(text: str) -> None:
    whole = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    shown = yaml.safe_load(text)["services"]
    assert shown == {name: {key: whole[name][key] for key in service} for name, service in shown.items()}


@each("yaml", lambda text: not text.startswith(("services:", "# ")))
def test_a_fixture_that_is_shown_is_right(text: str, tmp_path: Path) -> None:
    path = tmp_path / "fixture.yaml"
    path.write_text(text)
    result = CliRunner().invoke(cli.main, ["check", str(path)])
    agents, webhooks = (len(re.findall(rf"^{indent}- (?:id|name):", text, re.MULTILINE)) for indent in ("  ", "      "))
    first, *_ = result.output.splitlines()
    assert (result.exit_code, first) == (0, f"default: {number_of(agents, 'agent')}, {number_of(webhooks, 'webhook')}")


@each_row(("page", "link"), LINKS, ids=[f"{page.name}-{link}" for page, link in LINKS])
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    assert target.exists()
    headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if anchor else []
    assert anchor in ["", *(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)]


def test_the_docs_name_every_admin_route(app: Flask) -> None:
    page = TEXTS["admin.md"]
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/__admin"):
            method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            path = rule.rule.replace("<", "{").replace(">", "}")
            assert f"`{method} {path}`" in page


def test_the_docs_name_every_key_of_a_call_and_of_a_delivery_in_order(mock: MockServer) -> None:
    page = TEXTS["pytest.md"]
    [delivery] = mock.emit(AGENT, "event_recording")
    requests.get(f"{mock.api_url}/agents", headers=mock.headers, timeout=10)
    for what, record in (("call", mock.requests()[0]), ("delivery", delivery)):
        [row] = re.findall(rf"^\| a {what} \| (.*) \|$", page, re.MULTILINE)
        assert row == ", ".join(f"`{key}`" for key in record)


def test_the_readme_leads_to_every_page() -> None:
    for page in PAGES[1:]:
        assert f"(docs/{page.name})" in README


def test_the_readme_is_short_and_has_the_commands_to_begin_with() -> None:
    assert len(README.splitlines()) <= 150
    assert "`make run`" in README
    assert "`make test`" in README


def test_the_messages_among_the_symptoms_are_those_of_the_program() -> None:
    page, _, _ = TEXTS["troubleshooting.md"].partition("\n## Questions")
    symptoms = [row.partition(" | ")[0] for row in re.findall(r"^\| (.*) \|$", page, re.MULTILINE)]
    messages = {text.strip("… ") for each in symptoms for text in re.findall("`(.*?)`", each) if " " in text}
    source = "".join(path.read_text() for path in Path(cli.__file__).parent.parent.rglob("*.py"))
    assert {message for message in messages if message not in source} == {"Address already in use"}  # the system's
    assert len(messages) > 10


def test_variables_that_hold_several_values_are_explained() -> None:
    commands, compose = (TEXTS[name] for name in ("commands.md", "compose.md"))
    several = [each.envvar for each in serve.command.params if isinstance(each, click.Option) and each.multiple]
    assert len(several) == 4
    for variable in several:
        assert f"`{variable}`" in commands
        assert f"`{variable}`" in compose

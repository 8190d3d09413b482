"""The examples for Node and Java pass, side by side, and fail with the reason when the application does wrong."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from talkover_mock.client import MockServer
from talkover_mock.web.server import Server
from tests.conftest import ROOT

EXAMPLES = ROOT / "docs" / "examples"
REQUIRED = "TALKOVER_MOCK_REQUIRE_LANGUAGES" in os.environ
JUNIT = Path("/usr/share/java/junit-platform-console-standalone.jar")
"""Debian's; its manifest names the rest."""
JARS = [JUNIT, *(JUNIT.parent / f"{name}.jar" for name in ("junit-jupiter-api", "apiguardian-api"))]
SLIPS_IN_NODE = ROOT / "tests" / "support" / "slips.test.mjs"
SLIPS_IN_JAVA = ROOT / "tests" / "support" / "SlipsTest.java"
TESTS = 3
"""Of each example."""
NO_SERVER = "; run `talkover-mock serve`, or set TALKOVER_MOCK_URL"
URLS = {"": "http://127.0.0.1:7357", "http://mock:1//": "http://mock:1", "http://mock:1/api/v1/": "http://mock:1"}
"""Values of the variable, and the server that each names."""
WHERE = """\
class Where {
    public static void main(String[] arguments) {
        System.out.println(new Talkover().apiUrl);
    }
}
"""

pytestmark = pytest.mark.slow
needs_node = pytest.mark.skipif(
    shutil.which("node") is None and not REQUIRED, reason="Node is not installed; .ci/run installs it"
)
needs_java = pytest.mark.skipif(
    not (shutil.which("javac") and JUNIT.exists()) and not REQUIRED,
    reason="a JDK and JUnit 5 (Debian's package junit5) are not installed; .ci/run installs them",
)


class Wrong(NamedTuple):
    """A mistake of the application, put into an example, and the words with which a test then fails."""

    file: str
    right: str
    wrong: str
    said: tuple[str, ...]


NODE = "pauses.test.mjs"
WRONG_IN_NODE = {
    "never calls": Wrong(NODE, "await fetch(url, ", "({ ok: true }) || (", ("API calls to the mock server", "none")),
    "calls three times": Wrong(
        NODE,
        "if (!answer.ok)",
        "const again = { method: 'PATCH', headers: { Authorization: `Bearer ${token}` } };\n"
        "await fetch(url, again);\nawait fetch(url, again);\nif (!answer.ok)",
        ("expected exactly 2 requests method=PATCH path=*/toggle status=200, got 6",),
    ),
    "unknown webhook": Wrong(
        NODE, "/webhooks/${WEBHOOK}/toggle", "/webhooks/${AGENT}/toggle", ("is the id of an agent, not of a webhook",)
    ),
    "a slip in the path": Wrong(NODE, "${WEBHOOK}/toggle", "${WEBHOOK}/toggel", ("toggel", "did you mean")),
    "calls what the API does not have": Wrong(
        NODE,
        "const answer = await",
        "await fetch(`${apiUrl}/webhooks`, { headers: { Authorization: `Bearer ${token}` } });\nconst answer = await",
        ("expected no requests unmatched=true, got 2", "GET /api/v1/webhooks -> 404"),
    ),
    "hides errors": Wrong(NODE, "if (!answer.ok) throw", "if (false) throw", ("Missing expected rejection",)),
    "believes every delivery": Wrong(
        "receiver.mjs", "response.writeHead(genuine ? 204", "response.writeHead(true ? 204", ("204 !== 401",)
    ),
}
JAVA = "PausesTest.java"
WRONG_IN_JAVA = {
    "never_calls": Wrong(
        JAVA, 'method("PATCH"', 'method("GET"', ("Talkover answered 405", "this path answers PATCH only")
    ),
    "calls_three_times": Wrong(
        JAVA,
        "int status =",
        "HttpClient.newHttpClient().send(request, BodyHandlers.ofString());\n" * 2 + "int status =",
        ("expected exactly 2 requests method=PATCH path=*/toggle status=200, got 6",),
    ),
    "unknown_webhook": Wrong(
        JAVA, '"/webhooks/" + WEBHOOK', '"/webhooks/" + AGENT', ("is the id of an agent, not of a webhook",)
    ),
    "a_slip_in_the_path": Wrong(JAVA, '"/toggle"', '"/toggel"', ("toggel", "did you mean")),
    "calls_what_the_api_does_not_have": Wrong(
        JAVA,
        "int status =",
        'var other = HttpRequest.newBuilder(URI.create(apiUrl + "/webhooks"));\n'
        'other.header("Authorization", "Bearer " + token);\n'
        "HttpClient.newHttpClient().send(other.build(), BodyHandlers.ofString());\nint status =",
        ("expected no requests unmatched=true, got 2", "GET /api/v1/webhooks -> 404"),
    ),
    "hides_errors": Wrong(
        JAVA, "if (status != 200)", "if (status == 0)", ("Expected java.io.IOException to be thrown",)
    ),
    "believes_every_delivery": Wrong(
        "Receiver.java",
        "sendResponseHeaders(genuine ? 204",
        "sendResponseHeaders(true ? 204",
        ("expected: <true> but was: <false>", "bad_signature"),
    ),
}


@pytest.fixture
def closed() -> Iterator[Mapping[str, str]]:
    """The variables for a server that does not run: nothing listens on its port, and nobody else gets it."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield {**os.environ, "TALKOVER_MOCK_URL": f"http://127.0.0.1:{reserved.getsockname()[1]}"}


def example(name: str, folder: Path, mistake: Wrong | None = None) -> Path:
    """A copy of an example, as a user makes it."""
    shutil.copytree(EXAMPLES / name, folder)
    if mistake:
        path = folder / mistake.file
        text = path.read_text()
        assert text.count(mistake.right) == 1
        path.write_text(text.replace(mistake.right, mistake.wrong))
    return folder


def variables(server: Server) -> dict[str, str]:
    """As some write them: with a slash at the end, and empty for none."""
    return {**os.environ, "TALKOVER_MOCK_URL": f"{server.url}/", "TALKOVER_RECEIVER_HOST": ""}


def run_node(environment: Mapping[str, str], *files: Path) -> tuple[int, str]:
    """The exit code, and all that is said."""
    command = ["node", "--test", "--test-reporter=tap", *map(str, files)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@needs_node
def test_the_example_for_node_passes_beside_itself(server: Server, mock: MockServer, tmp_path: Path) -> None:
    """Each file is a process of its own, and its tests run at once: none disturbs another one or the default world."""
    before = mock.state()
    code, said = run_node(variables(server), *(example("node", tmp_path / str(number)) / NODE for number in range(4)))
    assert code == 0, said
    assert re.findall(r"^# pass (\d+)$", said, re.MULTILINE) == [str(4 * TESTS)]
    assert (mock.state(), mock.requests()) == (before, [])
    assert {each["name"] for each in mock.environments()} == {"default", "staging", "production"}


@needs_node
@pytest.mark.parametrize("mistake", WRONG_IN_NODE.values(), ids=WRONG_IN_NODE)
def test_the_example_for_node_fails_with_the_reason(mistake: Wrong, server: Server, tmp_path: Path) -> None:
    code, said = run_node(variables(server), example("node", tmp_path / "example", mistake) / NODE)
    assert code == 1
    assert [text for text in mistake.said if text not in said] == [], said


@needs_node
def test_the_example_for_node_hides_no_reason_and_takes_any_name(
    server: Server, mock: MockServer, tmp_path: Path
) -> None:
    file = shutil.copy(SLIPS_IN_NODE, example("node", tmp_path / "example"))
    _, said = run_node(variables(server), Path(file))
    failed = re.findall(r"^not ok \d+ - (.*?)\n(.*?)^  \.\.\.$", said, re.MULTILINE | re.DOTALL)
    reasons = {name.removeprefix("FAILS "): text for name, text in failed}
    assert [name for name, _ in failed if not name.startswith("FAILS ")] == [], said
    assert re.search(r"^ok \d+ - is skipped # SKIP not here$", said, re.MULTILINE)
    assert "# pass 6\n" in said
    line = file_line(SLIPS_IN_NODE, "FAILS with its line")
    expected = {
        "with its line": ("actual: 'given'", "API calls to the mock server", f"slips.test.mjs:{line}:57)"),
        "with a text": ("a thrown text",),
        "with null": ("null",),
        "with what cannot be changed": ("a frozen reason",),
        "without its environment": ("the real reason", "has been closed"),
    }
    assert reasons.keys() == expected.keys(), said
    for name, texts in expected.items():
        assert [text for text in texts if text not in reasons[name]] == [], reasons[name]
    assert {each["name"] for each in mock.environments()} == {"default", "staging", "production"}


OVER_ITS_TIME = """\
import { test } from "node:test";
import { receive } from "./receiver.mjs";
import { withTalkover } from "./talkover.mjs";

test("hangs", { timeout: 2000 }, withTalkover(async (talkover) => {
  await receive(talkover, "9fcafbf2-7593-44d6-8cd7-1b221beba62a");
  await talkover.ask("POST", "faults", { action: "hang" });
  await fetch(`${talkover.apiUrl}/agents`, { headers: { Authorization: `Bearer ${talkover.token}` } });
}));
"""


@needs_node
def test_the_example_for_node_ends_a_test_that_is_over_its_time(
    server: Server, mock: MockServer, tmp_path: Path
) -> None:
    """Otherwise its receiver and its call would keep the run of node:test going, and nobody would see the reason."""
    file = example("node", tmp_path / "example") / "hangs.test.mjs"
    file.write_text(OVER_ITS_TIME)
    code, said = run_node(variables(server), file)
    assert code == 1
    assert "test timed out after 2000ms" in said
    assert "fault-1 hang, any call: matched 1, struck 1" in said
    assert {each["name"] for each in mock.environments()} == {"default", "staging", "production"}


def file_line(file: Path, text: str) -> int:
    [number] = [number for number, line in enumerate(file.read_text().splitlines(), 1) if text in line]
    return number


@needs_node
def test_the_example_for_node_says_that_no_server_runs(closed: Mapping[str, str], tmp_path: Path) -> None:
    code, said = run_node(closed, example("node", tmp_path / "example") / NODE)
    assert (code, said.count(f"error: '{closed['TALKOVER_MOCK_URL']}: Error: connect ECONNREFUSED")) == (1, 3)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example and its wrong variants, each in a package of its own: one run of the compiler for all."""
    folder = tmp_path_factory.mktemp("java")
    sources = []
    for package, mistake in {"right": None, "slips": None, **WRONG_IN_JAVA}.items():
        copy = example("java", folder / package, mistake)
        if package == "slips":
            (copy / JAVA).unlink()
            shutil.copy(SLIPS_IN_JAVA, copy)
        if package == "right":
            (copy / "Where.java").write_text(WHERE)
        for path in copy.iterdir():
            path.write_text(f"package {package};\n{path.read_text()}")
            sources.append(str(path))
    classpath = os.pathsep.join(map(str, JARS))
    command = [
        "javac",
        "-Xlint:all,-classfile,-processing",
        "-Werror",
        "-encoding",
        "UTF-8",
        "-d",
        str(folder / "classes"),
        "-cp",
        classpath,
        *sources,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "classes"


class Case(NamedTuple):
    """A test as JUnit reports it: the failure, its type, and whether it was skipped."""

    name: str
    failure: str
    kind: str
    skipped: bool


def run_java(environment: Mapping[str, str], classes: Path, reports: Path) -> dict[str, list[Case]]:
    """The tests of each package."""
    java = ["java", "-XX:TieredStopAtLevel=1", "-jar", str(JUNIT), "--disable-banner", "--details=none"]
    parallel = ["--config=junit.jupiter.execution.parallel.enabled=true"]
    what = [f"--classpath={classes}", f"--scan-classpath={classes}", f"--reports-dir={reports}"]
    command = [*java, *parallel, *what]
    subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    found: dict[str, list[Case]] = {}
    for case in ElementTree.parse(reports / "TEST-junit-jupiter.xml").getroot().iter("testcase"):  # noqa: S314
        package = case.attrib["classname"].partition(".")[0]
        failures = [each for each in case if each.tag in ("failure", "error")]
        texts, kinds = (each.text or "" for each in failures), (each.attrib["type"] for each in failures)
        skipped = case.find("skipped") is not None
        found.setdefault(package, []).append(Case(case.attrib["name"], "".join(texts), "".join(kinds), skipped))
    return found


@needs_java
def test_the_example_for_java_passes_and_fails_with_the_reason(
    server: Server, mock: MockServer, compiled: Path, tmp_path: Path
) -> None:
    before = mock.state()
    found = run_java(variables(server), compiled, tmp_path)
    check_slips(found.pop("slips"))
    failures = {package: "".join(each.failure for each in cases) for package, cases in found.items()}
    assert failures.keys() == {"right", *WRONG_IN_JAVA}
    assert failures["right"] == ""
    for package, mistake in WRONG_IN_JAVA.items():
        assert failures[package], package
        assert [text for text in mistake.said if text not in failures[package]] == [], failures[package]
    assert (mock.state(), mock.requests()) == (before, [])
    assert {each["name"] for each in mock.environments()} == {"default", "staging", "production"}


def check_slips(cases: list[Case]) -> None:
    """Any name is taken, a test is skipped or fails by itself, and the report does not replace the reason."""
    failed = {each.name: each for each in cases if each.failure}
    assert [each.name for each in cases if each.skipped] == ["isSkipped()"]
    assert len(cases) == len(failed) + 8, failed
    difference = failed["failsWithADifference()"]
    assert difference.kind == "org.opentest4j.AssertionFailedError"
    expected = {
        "failsWithADifference()": ("expected: <wanted> but was: <given>", "API calls to the mock server", "SlipsTest"),
        "failsAfter()": ("IllegalStateException: after each", "API calls to the mock server"),
        "failsWithoutItsEnvironment()": ("AssertionFailedError: expected: <the real> but was: <reason>", "is named"),
        "failsBefore()": ("IllegalStateException: before each", "API calls to the mock server"),
        "failsWithTheServersText()": ("true or false", r'(got "a\u0000ü\\u0041")'),
    }
    assert failed.keys() == expected.keys()
    for name, texts in expected.items():
        assert [text for text in texts if text not in failed[name].failure] == [], failed[name].failure
        assert texts[0] in failed[name].failure.partition("\n")[0]


@needs_java
def test_the_example_for_java_says_that_no_server_runs(
    closed: Mapping[str, str], compiled: Path, tmp_path: Path
) -> None:
    found = run_java(closed, compiled, tmp_path)
    said = f"java.lang.AssertionError: {closed['TALKOVER_MOCK_URL']}: java.net.ConnectException{NO_SERVER}"
    assert [each.failure.startswith(said) for each in found["right"]] == [True] * TESTS


@needs_node
@pytest.mark.parametrize("url", URLS)
def test_the_example_for_node_takes_any_form_of_the_url(url: str, tmp_path: Path) -> None:
    """Without a server: `fetch` is replaced."""
    program = """
        globalThis.fetch = async (url) => { throw new TypeError("fetch failed", { cause: new Error(url) }); };
        const { withTalkover } = await import("./talkover.mjs");
        await withTalkover(() => {})().catch((error) => console.log(error.cause.message));
    """
    assert evaluated(program, example("node", tmp_path / "example"), url) == f"{URLS[url]}/__admin/environments\n"


def evaluated(program: str, folder: Path, url: str = "") -> str:
    """The output of a program for Node in a folder."""
    command = ["node", "--input-type=module", "--eval", program]
    variables = {**os.environ, "TALKOVER_MOCK_URL": url}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@needs_node
def test_the_example_for_node_shows_what_the_server_saw_once(tmp_path: Path) -> None:
    """Reporters print the stack, which begins with the message as it is when the stack is first read."""
    program = """
        globalThis.fetch = async () => new Response("the report");
        const { withTalkover } = await import("./talkover.mjs");
        const fails = withTalkover(() => { throw new Error("the reason"); });
        await fails().catch((error) => console.log(error.message, error.stack));
    """
    said = evaluated(program, example("node", tmp_path / "example"))
    assert [said.count(text) for text in ("the reason", "the report")] == [2, 2]


UNUSABLE = {"not a URL": "127.0.0.1:1", "not plain HTTP": "https"}


@needs_node
@pytest.mark.parametrize("url", UNUSABLE.values(), ids=UNUSABLE)
def test_the_example_for_node_says_why_a_url_has_no_answer(url: str, server: Server, tmp_path: Path) -> None:
    url = url.replace("https", server.url.replace("http:", "https:"))
    program = """
        const { withTalkover } = await import("./talkover.mjs");
        await withTalkover(() => {})().catch((error) => console.log(error.message));
    """
    said = evaluated(program, example("node", tmp_path / "example"), url)
    assert re.match(rf"{url}: \S*Error: .+{NO_SERVER}", said), said


@needs_java
@pytest.mark.parametrize("url", URLS)
def test_the_example_for_java_takes_any_form_of_the_url(url: str, compiled: Path) -> None:
    classpath = os.pathsep.join(map(str, (compiled, *JARS)))
    done = subprocess.run(
        ["java", "-cp", classpath, "right.Where"],
        env={**os.environ, "TALKOVER_MOCK_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == f"{URLS[url]}/api/v1"


@needs_java
@pytest.mark.parametrize("url", UNUSABLE.values(), ids=UNUSABLE)
def test_the_example_for_java_says_why_a_url_has_no_answer(
    url: str, server: Server, compiled: Path, tmp_path: Path
) -> None:
    url = url.replace("https", server.url.replace("http:", "https:"))
    found = run_java({**os.environ, "TALKOVER_MOCK_URL": url}, compiled, tmp_path)
    said = re.compile(rf"java\.lang\.AssertionError: {url}: \S+Exception: .+{NO_SERVER}")
    assert [bool(said.match(each.failure)) for each in found["right"]] == [True] * TESTS, found["right"]


def test_the_page_shows_the_examples_as_they_are() -> None:
    page = (ROOT / "docs" / "compose.md").read_text()
    for folder, language in (("node", "js"), ("java", "java")):
        shown = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        assert sorted(shown) == sorted(path.read_text() for path in (EXAMPLES / folder).iterdir())

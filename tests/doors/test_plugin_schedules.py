"""Tests that run under schedules of deliveries, in runs of pytest of their own."""

import importlib
import re
import shlex

import pytest

from talkover_mock.web.server import Server
from tests.doors.test_plugin import run, run_alone
from tests.support.documented import AGENT, WEBHOOK
from tests.support.rows import each_row

pytestmark = pytest.mark.slow
N = 30
"""How many schedules find both mistakes of the careless program."""
CONFTEST = f"""\
import pytest
from talkover_mock.receiver import Answer, WebhookReceiver

class Billing(WebhookReceiver):
    def __init__(self):
        super().__init__()
        self.bills, self.open, self.seen = [], set(), set()

    def take(self, request):
        event = request.json
        self.seen.add(event["event"])
        if event["event"] == "event_phone_call_started":
            self.open.add(event["call_id"])
        else:
            self.bills.append(event["call_id"])
            self.open.discard(event["call_id"])
        return Answer()

@pytest.fixture
def billing():
    billing = Billing()
    billing.start()
    yield billing
    billing.stop()

@pytest.fixture
def call(talkover_mock, billing):
    def call():
        talkover_mock.set_webhook({WEBHOOK!r}, webhook_url=billing.url, enabled=True)
        for event in ("event_phone_call_started", "event_phone_call_ended"):
            talkover_mock.emit({AGENT!r}, event, call={{"id": "one"}})
        talkover_mock.settle()
        return billing
    return call
"""
"""A careless program: it bills on every copy, and a call that ends before it has started stays open."""
CARELESS = """\
import pytest

@pytest.mark.talkover_mock_schedules({n})
def test_billing(call):
    billing = call()
    assert billing.open == set(), "it is open"
    assert billing.bills == ["one"]
"""
CAREFUL = """\
import pytest

@pytest.fixture(scope="module")
def shared():
    with open("log", "a") as log:
        print("shared", file=log)
        yield log
        print("end", file=log)

@pytest.mark.talkover_mock_schedules(3)
def test_calls(call, shared, tmp_path, record_property):
    print("run", file=shared)
    print("output of one run")
    record_property("key", "value")
    assert len(call().seen) == 2

def test_next(shared):
    print("next", file=shared)
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Where the runs happen, without the other plugins that happen to be installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeconftest(CONFTEST)
    return pytester


def failures(result: pytest.RunResult) -> str:
    """What pytest shows under FAILURES, without what differs from run to run."""
    text = result.stdout.str().partition(" FAILURES ")[2].partition(" short test summary ")[0]
    return re.sub(r"0x\w+|127\.0\.0\.1:\d+", "", text)


def test_pytest_still_has_the_function_that_runs_a_test() -> None:
    assert callable(importlib.import_module("_pytest.runner").runtestprotocol)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_mistakes_are_one_failure_with_the_smallest_schedule_of_each(workers: str, folder: pytest.Pytester) -> None:
    folder.makepyfile(CARELESS.format(n=N))
    result = run_alone(folder, "--strict-markers", "-p", "xdist", "-n", workers)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"* of {N} schedules fail, in 2 ways",
            "1. under * of them: AssertionError: *",
            "2. under * of them: AssertionError: *",
            "FAILED *::test_billing*",
        ]
    )
    found = failures(result)
    assert "AssertionError: it is open" in found
    assert "AssertionError: assert ['one', 'one'] == ['one']" in found
    orders = [sent.split(", call") for sent in re.findall(r"   sent: (.*)", found)]
    assert [len(order) for order in orders] == [3, 3]  # one copy, or one event late
    assert all(len(numbers.split(",")) == 1 for numbers in re.findall(r"--talkover-mock-schedule \d+:(\S+)", found))
    assert "API calls" not in found


def test_the_line_of_the_report_repeats_it_and_so_does_the_run(folder: pytest.Pytester) -> None:
    folder.makepyfile(CARELESS.format(n=N))
    result = run(folder)
    assert failures(run(folder)) == failures(result)
    for line, sent in re.findall(r"   sent: (.*)\n   again with: pytest (.*)", failures(result)):
        again = run(folder, *shlex.split(sent))
        again.assert_outcomes(failed=1)
        again.stdout.fnmatch_lines(["*Order of deliveries by the schedule*", line])
    run(folder, "--talkover-mock-schedule", "1:").assert_outcomes(passed=1)
    run(folder, "--talkover-mock-schedule", f"{2**63 - 1}:").assert_outcomes(passed=1)


@each_row("wrong", ["a:", "-1", "15:0", "15:.", "15:1.2.3.4", f"{2**63}:1", "9" * 5_000])
def test_what_is_no_schedule_is_refused_before_any_test(wrong: str, folder: pytest.Pytester) -> None:
    refused = run(folder, f"--talkover-mock-schedule={wrong}")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    got = re.escape(repr(wrong)[:80])
    [line] = [line for line in refused.stderr.lines if "error:" in line]
    assert re.search(rf"a schedule is a seed from 0 to {2**63 - 1} such as 15, .*\(got {got}\)$", line)


def test_each_run_has_new_fixtures_and_wider_ones_stay(folder: pytest.Pytester) -> None:
    folder.makepyfile(CAREFUL)
    result = run(folder, "-rP", "--junitxml=report.xml", "-o", "junit_family=xunit1")
    result.assert_outcomes(passed=2)
    log = (folder.path / "log").read_text().split()
    assert log == ["shared", *["run"] * 5, "next", "end"]  # three schedules between two runs without a disturbance
    assert result.stdout.str().count("output of one run") == 1
    assert (folder.path / "report.xml").read_text().count("<property ") == 1


def test_the_option_is_for_every_test_that_uses_the_fixture(folder: pytest.Pytester) -> None:
    counting = "def test_others(webhook_receiver, shared):\n    print('another', file=shared)\n"
    folder.makepyfile(CAREFUL + counting)
    for number, runs in ((0, 1), (5, 7)):
        run(folder, "--talkover-mock-schedules", str(number)).assert_outcomes(passed=3)
        log = (folder.path / "log").read_text().split()
        assert (log.count("run"), log.count("another")) == (runs, 1)
        (folder.path / "log").unlink()


@pytest.mark.parametrize("body", ["assert False, 'ours'", "pytest.skip('ours')", "pytest.xfail('ours')"])
def test_a_test_that_does_not_pass_undisturbed_is_reported_as_just_that(body: str, folder: pytest.Pytester) -> None:
    folder.makepyfile(
        "import pytest\n@pytest.mark.talkover_mock_schedules\ndef test_it(call):\n"
        f"    with open('log', 'a') as log:\n        print('run', file=log)\n    {body}\n"
    )
    result = run(folder, "-ra")
    outcome = {"assert False, 'ours'": "failed", "pytest.skip('ours')": "skipped"}.get(body, "xfailed")
    result.assert_outcomes(**{outcome: 1})
    assert (folder.path / "log").read_text() == "run\n"
    assert "schedules fail" not in result.stdout.str()
    result.stdout.fnmatch_lines(["*ours*"])


def test_a_failure_that_is_expected_is_one_under_schedules_too(folder: pytest.Pytester) -> None:
    folder.makepyfile(CARELESS.format(n=N).replace("def test", "@pytest.mark.xfail\ndef test"))
    run(folder).assert_outcomes(xfailed=1)


def test_what_fails_at_teardown_is_found_too(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        """
        import pytest

        @pytest.fixture
        def checked(billing):
            yield
            assert len(billing.bills) < 2, "billed twice"

        @pytest.mark.talkover_mock_schedules(30)
        def test_it(call, checked):
            call()
        """
    )
    result = run(folder)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["* of 30 schedules fail", "1. under * of them: AssertionError: billed twice"])


CHECKING = """\
import pytest

@pytest.fixture
def checked(billing):
    yield
    assert len(billing.seen) == 2, "not all have come"

@pytest.fixture
def told(call):
    assert call().bills == ["one"]

@pytest.mark.talkover_mock_schedules({n})
def test_teardown(call, checked):
    call()

@pytest.mark.talkover_mock_schedules({n})
def test_setup(told):
    pass
"""


def test_fixtures_may_check_at_their_end_and_fail_at_their_begin(folder: pytest.Pytester) -> None:
    folder.makepyfile(CHECKING.format(n=N))
    result = run(folder)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [f"* of {N} schedules fail", "*again with: pytest *::test_setup --talkover*", "FAILED *"]
    )


@pytest.mark.parametrize("arguments", ["'x'", "-3", "True", "2, 3", "m=3", "2.5"])
def test_a_mark_with_wrong_arguments_is_an_error_of_its_test(arguments: str, folder: pytest.Pytester) -> None:
    folder.makepyfile(
        f"""
        import pytest

        @pytest.mark.talkover_mock_schedules({arguments})
        def test_it(talkover_mock):
            pass

        def test_other(talkover_mock):
            pass
        """
    )
    result = run(folder)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*takes a number of schedules such as 200, or 0 for none (got *"])


@pytest.mark.parametrize(
    "option",
    ["--talkover-mock-schedules=-5", "--talkover-mock-schedules=x", "--talkover-mock-schedule=5:zz,9"],
)
def test_a_wrong_option_is_wrong_usage(option: str, folder: pytest.Pytester) -> None:
    folder.makepyfile("def test_it(talkover_mock):\n    pass\n")
    assert run(folder, option).ret == pytest.ExitCode.USAGE_ERROR


def test_the_line_of_the_report_works_where_pytest_was_started(
    folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.makefile(".ini", pytest="[pytest]")
    folder.mkdir("sub").joinpath("test_sub.py").write_text(CARELESS.format(n=N))
    monkeypatch.chdir(folder.path / "sub")
    result = run(folder, "test_sub.py")
    result.stdout.fnmatch_lines(["*again with: pytest test_sub.py::test_billing --talkover-mock-schedule *"])


def test_a_server_that_runs_already_has_schedules_too(folder: pytest.Pytester, server: Server) -> None:
    folder.makepyfile(CARELESS.format(n=N))
    result = run(folder, "--talkover-mock-url", server.url)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"* of {N} schedules fail, in 2 ways"])


def test_a_plain_test_costs_nothing_of_it(folder: pytest.Pytester) -> None:
    folder.makepyfile("def test_it(talkover_mock):\n    assert not talkover_mock.clock()['frozen']\n")
    run(folder).assert_outcomes(passed=1)


LIMITING = """\
import pytest
import signal

BEFORE = signal.getsignal(signal.SIGALRM)
TOLD = []

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    def strike(*_):
        pytest.fail("too late")
    signal.signal(signal.SIGALRM, strike)
    yield
    cancel()

def pytest_exception_interact(report):
    TOLD.append(report)
    cancel()

def cancel():
    signal.signal(signal.SIGALRM, lambda *_: None)

def pytest_unconfigure():
    signal.signal(signal.SIGALRM, BEFORE)
    assert len(TOLD) == 1, TOLD
"""
"""A time limit as pytest-timeout has it: for the whole protocol, and ended by the first failure that is told."""
LIMITED = """\
import pytest
import signal

BILLS = []

@pytest.mark.talkover_mock_schedules({n})
def test_billing(call):
    BILLS.append(call().bills)
    {body}

def test_of_the_runs():
    print([len(bills) for bills in BILLS])
"""
STRIKE = "signal.raise_signal(signal.SIGALRM)"
LATE = "the time limit of the test, which covers all schedules, struck under schedule {} of {}"


def runs_of(result: pytest.RunResult) -> list[int]:
    """How many bills each run of the test had."""
    [numbers] = re.findall(r"^\[([0-9, ]+)\]$", result.stdout.str(), re.MULTILINE)
    return [int(each) for each in numbers.split(", ")]


def test_a_time_limit_ends_the_search_and_is_the_verdict(folder: pytest.Pytester) -> None:
    folder.makeconftest(LIMITING + CONFTEST)
    folder.makepyfile(LIMITED.format(n=N, body=f"if len(BILLS[-1]) > 1:\n        {STRIKE}"))
    result = run(folder, "-rP")
    result.assert_outcomes(passed=1, failed=1)
    *single, twice = runs_of(result)
    assert (set(single), twice) == ({1}, 2)  # nothing runs again after the limit
    heading, head, sent, alone, *_ = [line for line in failures(result).splitlines() if line.strip("= ")]
    assert heading.strip("_ ") == "test_billing"
    assert head == LATE.format(len(single), N)
    assert re.fullmatch(r"   sent: call_.*, call_ended \(again.*", sent)
    assert re.search(rf"   that one alone: pytest \S+ --talkover-mock-schedule {len(single)}:[1-9]", alone)
    assert "E       Failed: too late" in failures(result)
    assert "schedules fail" not in result.stdout.str()


def test_what_failed_before_the_time_limit_is_told_too(folder: pytest.Pytester) -> None:
    folder.makeconftest(LIMITING + CONFTEST)
    body = f"if len(BILLS) == {N}:\n        {STRIKE}\n    assert len(BILLS[-1]) == 1"
    folder.makepyfile(LIMITED.format(n=N, body=body))
    result = run(folder, "-rP")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([LATE.format(N - 1, N), f"* of {N - 2} schedules fail", "1. under * of them: *"])
    assert len(runs_of(result)) == N  # and no search for smaller ones


def test_a_time_limit_within_the_search_for_smaller_ones_ends_that(folder: pytest.Pytester) -> None:
    folder.makeconftest(LIMITING + CONFTEST)
    body = f"if len(BILLS) == {N} + 2:\n        {STRIKE}\n    assert len(BILLS[-1]) == 1"
    folder.makepyfile(LIMITED.format(n=N, body=body))
    result = run(folder, "-rP")
    result.assert_outcomes(passed=1, failed=1)
    assert len(runs_of(result)) == N + 2
    result.stdout.fnmatch_lines([f"* of {N} schedules fail", "1. under * of them: *"])
    assert "too late" not in failures(result)


def test_a_time_limit_that_ends_between_two_phases_ends_no_run_of_pytest(folder: pytest.Pytester) -> None:
    making = "@pytest.hookimpl(trylast=True, wrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    strike = f"    if call.when == 'call' and call.excinfo and not BEGUN:\n        BEGUN.append({STRIKE})\n"
    folder.makeconftest(f"{LIMITING}\nBEGUN = []\n\n{making}{strike}    return (yield)\n\n{CONFTEST}")
    folder.makepyfile(LIMITED.format(n=N, body="assert len(BILLS[-1]) == 1"))
    result = run(folder, "-rP")
    result.assert_outcomes(passed=1, failed=1)
    *single, twice = runs_of(result)
    assert (set(single), twice) == ({1}, 2)
    assert LATE.format(len(single) + 1, N) in failures(result).splitlines()
    result.stdout.fnmatch_lines(["1 of * schedules fail"])


SUBTESTS = """\
import pytest
from unittest import TestCase

@pytest.mark.talkover_mock_schedules({n})
def test_billing(call, subtests):
    billing = call()
    with subtests.test("events"):
        assert len(billing.seen) == 2
    with subtests.test("bills"):
        assert billing.bills == ["one"]

@pytest.mark.talkover_mock_schedules(3)
def test_undisturbed(call, subtests):
    with subtests.test("bills"):
        assert call().bills == []

class TestBilling(TestCase):
    @pytest.fixture(autouse=True)
    def begin(self, call):
        self.call = call

    @pytest.mark.talkover_mock_schedules({n})
    def test_billing(self):
        billing = self.call()
        with self.subTest("bills"):
            assert billing.bills == ["one"]
"""


def test_subtests_of_all_runs_are_one_failure_too(folder: pytest.Pytester) -> None:
    folder.makepyfile(SUBTESTS.format(n=N))
    result = run(folder, "-v")
    shown = re.findall(r"::(\w+) (SUB\w+|FAILED|PASSED)", result.stdout.str().partition(" FAILURES ")[0])
    assert shown == [
        ("test_billing", "SUBPASSED"),
        ("test_billing", "SUBPASSED"),
        ("test_billing", "FAILED"),
        ("test_undisturbed", "SUBFAILED"),
        ("test_undisturbed", "FAILED"),
        ("test_billing", "SUBPASSED"),
        ("test_billing", "FAILED"),
    ]
    assert len(re.findall(rf"of {N} schedules fail$", failures(result), re.MULTILINE)) == 2

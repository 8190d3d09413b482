"""What differs between the pages, the mock and a live server, and the settings that make the mock agree."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from talkover_mock.base.words import digits
from talkover_mock.dialect.behaviours import ABSENT
from talkover_mock.dialect.settings import DEFAULTS, PLANS, is_setting
from talkover_mock.learning.asking import Reply
from talkover_mock.learning.probing import Result


def who_differs(result: Result) -> str:
    """Which of the page, the mock and the live server differ from the others."""
    if result.fits_page:
        return "the mock differs: live is as a page shows it that the mock does not follow"
    if result.behaviour.basis == "documented":
        return "live differs: the page and the mock agree"
    if result.behaviour.basis == "inferred from a sample":
        return "live differs: the page's sample and the mock agree"
    return "mock and live differ: no page says which is right"


def settings_of(results: Sequence[Result], *, has_refused: bool) -> dict[str, Any]:
    """The settings that make the mock agree with what came; only those that differ from the defaults."""
    found: dict[str, Any] = {}
    for each in results:
        setting = setting_of(each)
        if setting:
            found.setdefault(*setting)
    limits = Counter(limit for each in results if each.came and (limit := _limit(each.came)))
    if limits:
        found |= _of_limit(limits.most_common(1)[0][0])
    return {**found, **({"enforce_rate_limit": True} if has_refused else {})}


def defaults_of(results: Sequence[Result]) -> set[str]:
    """The settings that the server was seen to have as the mock has them; `settings_of` may have others of a limit."""
    agreeing = {each.probe.teaches for each in results if each.came and each.came.status == each.probe.expected.status}
    limits = {"plan", "rate_limit"} if any(each.came and _limit(each.came) for each in results) else set()
    return {*filter(None, agreeing), *limits}


def setting_of(result: Result) -> tuple[str, int] | None:
    """The setting that makes the mock answer with the status that came; None where no setting does."""
    name, came = result.probe.teaches, result.came
    if not name or came is None or came.status == result.probe.expected.status:
        return None
    document = came.document()
    is_failed_test = document is not ABSENT and isinstance(document, dict) and document.get("success") is False
    is_fitting = came.status // 100 == 2 if name == "create_status" else is_failed_test
    return (name, came.status) if is_fitting and is_setting(name, came.status) else None


def _limit(came: Reply) -> int:
    limit = digits(came.headers.get("X-RateLimit-Limit", "")) or 0
    return limit if is_setting("rate_limit", limit) else 0


def _of_limit(limit: int) -> dict[str, Any]:
    plan = next((plan for plan, calls in PLANS.items() if calls == limit), None)
    if plan is None:
        return {"rate_limit": limit}
    return {} if plan == DEFAULTS.plan else {"plan": plan}

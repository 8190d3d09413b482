"""`assumptions`: says for each behaviour whether it is documented, measured or assumed, and lists the overrides.

This list of behaviours is the source of the docs and the tests too.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.routing import Admin
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest

Basis = Literal["documented", "measured", "assumed"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One behaviour of the mock; `setting` is the key of the fixture's `settings` that overrides it."""

    subject: str
    text: str
    basis: Basis
    setting: str | None = None


def _all(subject: str, *rows: tuple[Basis, str] | tuple[Basis, str, str]) -> list[Behaviour]:
    return [Behaviour(subject, row[1], row[0], row[2] if len(row) > 2 else None) for row in rows]


BEHAVIOURS: Sequence[Behaviour] = (
    *_all(
        "Every answer",
        ("documented", "JSON with `Cache-Control: no-cache, private` and `Access-Control-Allow-Origin: *`"),
        ("documented", "Keys in the vendor's order; compact bodies"),
        ("measured", "404 for an unknown path, 405 for a wrong method and 500 are indented by four spaces"),
        ("measured", "Routing comes before the token: an unknown path without a token is 404"),
        ("measured", "A trailing slash matches without a redirect; a double slash or another case does not"),
        ("measured", "HEAD wherever GET; OPTIONS answers 200, empty, with `Allow`; a CORS preflight answers 204"),
        ("assumed", "Checks in this order: route, token, rate limit, agent, webhook, log, validation, effect"),
        ("assumed", "A request that is no HTTP, or too large, is refused in JSON with the fitting status"),
        ("assumed", "A method that HTTP servers do not know is 400 before routing, not 405: a known difference"),
    ),
    *_all(
        "Tokens",
        ("documented", "401 `Missing Bearer Token` without one; `Unauthenticated.` on the routes of agents"),
        ("documented", "401 `UNAUTHORIZED` for an unknown token, `TOKEN_EXPIRED` for an expired one"),
        ("documented", "A token opens one environment; an agent of another is not found"),
        ("measured", "The scheme `Bearer` in any case; another scheme or a bare `Bearer` is a missing token"),
        ("assumed", "The default environment takes any token that no other has, until the fixture gives it `tokens`"),
    ),
    *_all(
        "Rate limit",
        ("documented", "`X-RateLimit-Limit`, `-Remaining` and `-Reset` on every answer but health's"),
        ("documented", "100 calls a minute (standard), 1,000 (professional)", "plan"),
        ("assumed", "Any other limit is the account's own", "rate_limit"),
        ("assumed", "Counted for each token, in a window of a minute that its first call opens"),
        ("assumed", "`Reset` is Unix seconds; a refused call counts, one without a valid token does not"),
        (
            "assumed",
            "Calls past the limit are answered; if enforced, with 429 and `Retry-After`",
            "enforce_rate_limit",
        ),
    ),
    *_all(
        "Webhooks",
        ("documented", "Toggle flips the current status, ignores the body, keeps the configuration"),
        ("documented", "Every operation that changes a webhook clears its agent's cache at once"),
        ("documented", "Create answers 200, not 201", "create_status"),
        ("documented", "Limits and defaults of the fields; the texts for a missing URL, no events and a bad URL"),
        ("documented", "The secret and the delivery options never appear in an answer"),
        ("documented", "Lists are oldest first"),
        ("assumed", "The status `error` is set by a fixture only, and ends with the next toggle or update"),
        ("measured", "A database keeps whole seconds: six zeros of microseconds"),
        ("measured", "`updated_at` moves only when an update changes something"),
        ("measured", "Ids are ordered UUIDs: 48 bits of 10-microsecond units, then a random version 4", "seed"),
        ("measured", "A malformed id is an unknown one"),
        ("assumed", "null in an optional field is its default, on create and on update"),
    ),
    *_all(
        "Input",
        ("measured", "Texts of the other rules, all failing fields in the documented order, entries of lists last"),
        ("measured", "Strings are trimmed, and the empty string is null, at any depth"),
        ("measured", "A body that is not a JSON object, or not sent as JSON, counts as no input"),
        ("measured", "Forms are read as PHP does: `events[]=a`, `custom_headers[0][key]=b`; multipart in a POST only"),
        ("measured", "Coercions of integers and booleans; choices are case-sensitive; unknown keys are ignored"),
        ("assumed", "A body over 4 MiB, or JSON of over 250,000 values or 100 levels, counts as no input"),
    ),
    *_all(
        "Agents",
        ("documented", "The keys of an agent in their order; filters, search in name and label, pages with `meta`"),
        ("assumed", "What a fixture leaves out of an agent has a default; its further keys come last"),
        ("assumed", "The search ignores case; a page past the last is empty; a page that is no number is the first"),
    ),
    *_all(
        "Deliveries",
        ("documented", "A webhook that is disabled gets no event until it is enabled again, also not later"),
        ("assumed", "An event goes once to every enabled webhook that lists it, at the moment it happens"),
        ("assumed", "A delivery that is due while its webhook is disabled or gone is dropped; its entry ends `failed`"),
        ("assumed", "1 + `max_retries` attempts, after 1, 2, 4, 8 … seconds, at most 30 between two", "retry_schedule"),
        ("assumed", "Success is 2xx; redirects are not followed; `timeout` is the whole answer's limit"),
        ("assumed", "An attempt uses the webhook's configuration of its own moment"),
        (
            "assumed",
            "The envelope of the payload; `call_id`, `duration` of an ended call, `context`, further data",
        ),
        ("documented", "A template of the event replaces the whole body"),
        ("measured", "Bytes as PHP writes JSON: compact, `\\/` for `/`, `\\uXXXX` beyond ASCII", "delivery_json"),
        ("assumed", "`Signature`: hexadecimal HMAC-SHA256 of the exact bytes", "signature_scheme"),
        ("assumed", "The name of the signature's header", "signature_header"),
        ("assumed", "What stands before the signature in its header", "signature_prefix"),
        ("assumed", "Custom headers come last, and replace the server's own of the same name"),
        ("assumed", "The deliveries of one webhook go out one after another; with a frozen clock, all of them do"),
    ),
    *_all(
        "Test, logs and retry",
        ("documented", "The test sends its own payload, also when the webhook is disabled"),
        ("assumed", "A failed test answers 200 with `success: false`, and leaves no log entry", "failed_test_status"),
        ("documented", "One log entry for each attempt, newest first, kept for 30 days"),
        (
            "documented",
            "A retry is a single attempt more; 422 for an entry not failed, too old or disabled",
        ),
        ("assumed", "An unknown log entry is 404 `Log not found.`"),
    ),
)


def register(admin: Admin) -> None:
    admin.route("GET", "/assumptions", _read)


def _read(_: MockRequest, environment: Environment) -> Answer:
    overrides = environment.settings.overrides()
    return admin_answer({"behaviours": [asdict(each) for each in BEHAVIOURS], "overrides": overrides})

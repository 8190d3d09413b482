"""Reads an account through the API's reading routes, page by page, as a fixture."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import requests

from talkover_mock.dialect.fields import CAMPAIGN_WEBHOOK_FIELDS, WEBHOOK_FIELDS
from talkover_mock.dialect.rules import Field
from talkover_mock.learning.asking import Came, CannotRun, Server, asking, data_of, records
from talkover_mock.learning.redacting import URL, cleaned, cleaned_url, stand_in
from talkover_mock.learning.sifting import Sieve
from talkover_mock.learning.writing import literal

_PER_PAGE = 100
_MOST_PAGES = 10_000
_NONE = (requests.codes.not_found, requests.codes.not_implemented, requests.codes.forbidden)
"""The answers of an API that has no campaigns, or does not show them to this token."""
_TOLD = ("id", "created_at", "updated_at")
_OUR_OWN = ("webhooks", "cache_clears")
"""The keys of an agent or a campaign in a fixture that are none of the API's."""
_KEPT = ("id", "agent_id", "created_at", "updated_at")
NOT_TOLD = (
    "The API does not tell a webhook's webhook_secret, http_method, authorization_scheme, custom_headers and "
    "payload_templates: give them here by hand.",
    "Calls, logs, cache_clears and tokens are not read. Tokens, phone numbers and addresses of mail in texts, and what "
    "is secret in a URL, have stand-ins.",
)
"""What is left out of every import."""


class Account:
    """The agents and campaigns of an account with their webhooks; `notes` say what was left out."""

    def __init__(self, server: Server, *, redacts: bool = False) -> None:
        self._server, self._redacts = server, redacts
        self.notes = [*NOT_TOLD]
        self._named = dict.fromkeys(("Agent", "Campaign", "Webhook"), 0)

    def read(self) -> dict[str, Any]:
        """The fixture, which `talkover-mock check` accepts. Raises CannotRun."""
        agents = [self._agent(each) for each in self._pages("/agents")]
        campaigns = [self._campaign(each) for each in self._campaigns()]
        sieve = Sieve()
        document = sieve.sifted({"agents": agents, "campaigns": campaigns})
        self.notes += sieve.notes
        return dict(literal(document))

    def _agent(self, record: dict[str, Any]) -> dict[str, Any]:
        listed = _hooks(self._read(f"/agents/{_quoted(record)}/webhooks"))
        return {**self._owner("Agent", record), "webhooks": [self._webhook(each, WEBHOOK_FIELDS) for each in listed]}

    def _campaign(self, record: dict[str, Any]) -> dict[str, Any]:
        path = f"/campaigns/{_quoted(record)}/webhooks"
        listed = _hooks(self._read(path, or_none=True))
        hooks = [{**each, **_mapping(self._read(f"{path}/{_quoted(each)}", or_none=True))} for each in listed]
        own = self._owner("Campaign", record)
        return {**own, "webhooks": [self._webhook(each, CAMPAIGN_WEBHOOK_FIELDS) for each in hooks]}

    def _owner(self, kind: str, record: dict[str, Any]) -> dict[str, Any]:
        """The record without what is secret; with `redacts` also without what is anybody's own."""
        own = {key: value for key, value in record.items() if key not in _OUR_OWN}
        if not self._redacts:
            return dict(cleaned("", own))
        own = {key: value if key in _KEPT else stand_in(key, value) for key, value in own.items()}
        return {**own, "name": self._name(kind)}

    def _webhook(self, record: dict[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
        told = [*_TOLD, *(field.name for field in fields)]
        webhook = {key: value for key, value in record.items() if key in told}
        if record.get("status") == "error":
            webhook["status"] = "error"
        if self._redacts:
            name = self._name("Webhook")
            return {**webhook, "name": name, "webhook_url": f"{URL}/{name.rpartition(' ')[2]}"}
        if isinstance(webhook.get("webhook_url"), str):
            webhook["webhook_url"] = cleaned_url(webhook["webhook_url"])
        return {**webhook, "name": cleaned("name", webhook.get("name"))}

    def _name(self, kind: str) -> str:
        self._named[kind] += 1
        return f"{kind} {self._named[kind]}"

    def _campaigns(self) -> Iterator[dict[str, Any]]:
        first = self._server.ask(asking("GET", f"/campaigns?per_page={_PER_PAGE}&page=1"), {})
        if first.status in _NONE:
            self.notes.append(f"GET /campaigns is answered {first.status}: there are none.")
            return
        yield from self._pages("/campaigns", first)

    def _pages(self, path: str, first: Came | None = None) -> Iterator[dict[str, Any]]:
        """The records of a list, page by page. Raises CannotRun."""
        for number in range(1, _MOST_PAGES + 1):
            came = first or self._server.ask(asking("GET", f"{path}?per_page={_PER_PAGE}&page={number}"), {})
            first = None
            data = self._data(path, came)
            if not isinstance(data, list):
                raise CannotRun(
                    f"GET {path} is answered without a list as data: is it the root of a server of this API?"
                )
            yield from records(data)
            if not data or number >= _last_page(came, len(data)):
                return

    def _read(self, path: str, *, or_none: bool = False) -> Any:
        """The `data` at a path; with `or_none`, None where there is none. Raises CannotRun."""
        came = self._server.ask(asking("GET", path), {})
        return None if or_none and came.status in _NONE else self._data(path, came)

    def _data(self, path: str, came: Came) -> Any:
        """Raises CannotRun for any answer but 200."""
        if came.status != requests.codes.ok:
            is_token = came.status == requests.codes.unauthorized
            hint = ": give the token of an environment" if is_token else ""
            raise CannotRun(f"GET {path} is answered {came.status}{hint}")
        return data_of(came)


def _quoted(record: dict[str, Any]) -> str:
    return quote(str(record["id"]), safe="")


def _hooks(data: Any) -> list[dict[str, Any]]:
    return records(_mapping(data).get("webhooks"))


def _mapping(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def _last_page(came: Came, count: int) -> float:
    """The number of the last page; where none is told, a page that is not full is the last."""
    document = _mapping(came.document())
    page = _mapping(document.get("meta")) or _mapping(document.get("pagination"))
    last = page.get("last_page")
    return last if isinstance(last, int) else 0 if count < _PER_PAGE else _MOST_PAGES

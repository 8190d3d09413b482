"""Reads an account through the API's reading routes, page by page, as a fixture."""

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from talkover_mock.base.words import digits, number_of
from talkover_mock.dialect.fields import CAMPAIGN_WEBHOOK_FIELDS, WEBHOOK_FIELDS
from talkover_mock.dialect.rules import Field
from talkover_mock.learning.asking import (
    RIGHT_ROOT,
    AskedServer,
    CannotRun,
    Reply,
    asking,
    data_of,
    hint_at,
    records,
    segment,
)
from talkover_mock.learning.redacting import URL, cleaned, stand_in
from talkover_mock.learning.sifting import Sieve
from talkover_mock.learning.writing import literal

_PER_PAGE = 100
_MOST_PAGES = 10_000
_NONE = (requests.codes.not_found, requests.codes.not_implemented, requests.codes.forbidden)
"""The answers of an API that has no campaigns, or does not show them to this token."""
_TOLD = ("id", "created_at", "updated_at")
_SECRET = ("webhook_secret", "custom_headers")
"""The keys of a webhook that are never written."""
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

    def __init__(self, server: AskedServer, *, redacts: bool = False) -> None:
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
        listed = self._hooks(f"/agents/{_quoted(record)}/webhooks")
        return {**self._owner("Agent", record), "webhooks": [self._webhook(each, WEBHOOK_FIELDS) for each in listed]}

    def _campaign(self, record: dict[str, Any]) -> dict[str, Any]:
        path = f"/campaigns/{_quoted(record)}/webhooks"
        listed = self._hooks(path, or_none=True)
        hooks = [{**each, **_mapping(self._read(f"{path}/{_quoted(each)}", or_none=True))} for each in listed]
        own = self._owner("Campaign", record)
        return {**own, "webhooks": [self._webhook(each, CAMPAIGN_WEBHOOK_FIELDS) for each in hooks]}

    def _owner(self, kind: str, record: dict[str, Any]) -> dict[str, Any]:
        """The record without what is secret; with `redacts` also without what is anybody's own."""
        own = {key: value for key, value in record.items() if key not in _OUR_OWN}
        if not self._redacts:
            return dict(cleaned("", own))
        own = {**stand_in("", own), **{key: cleaned(key, own[key]) for key in _KEPT if key in own}}
        return {**own, "name": self._name(kind)}

    def _webhook(self, record: dict[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
        told = [*_TOLD, *(field.name for field in fields)]
        webhook = {key: cleaned(key, value) for key, value in record.items() if key in told and key not in _SECRET}
        secret = [key for key in _SECRET if record.get(key)]
        if secret:
            self.notes.append(f"Webhook {webhook['id']}: {' and '.join(secret)}, which the API tells, are left out.")
        if record.get("status") == "error":
            webhook["status"] = "error"
        if self._redacts:
            name = self._name("Webhook")
            templates = stand_in("", webhook.get("payload_templates"))
            webhook |= {"payload_templates": templates} if templates else {}
            return {**webhook, "name": name, "webhook_url": f"{URL}/{name.rpartition(' ')[2]}"}
        return {**webhook, "name": webhook.get("name")}

    def _name(self, kind: str) -> str:
        self._named[kind] += 1
        return f"{kind} {self._named[kind]}"

    def _campaigns(self) -> Iterator[dict[str, Any]]:
        first = self._server.ask(asking("GET", f"/campaigns?per_page={_PER_PAGE}&page=1"), {})
        if first.status in _NONE:
            self.notes.append(f"GET /campaigns is answered {first.status}: there are none.")
        elif first.status == requests.codes.ok and not isinstance(data_of(first), list):
            self.notes.append("GET /campaigns is answered without a list as data: no campaigns are read.")
        else:
            yield from self._pages("/campaigns", first)

    def _pages(self, path: str, first: Reply | None = None) -> Iterator[dict[str, Any]]:
        """The records of a list, page by page. Raises CannotRun."""
        seen: set[str] = set()
        count = 0
        for number in range(1, _MOST_PAGES + 1):
            came = first or self._server.ask(asking("GET", f"{path}?per_page={_PER_PAGE}&page={number}"), {})
            first = None
            data = self._data(path, came)
            if not isinstance(data, list):
                raise CannotRun(f"GET {path} is answered without a list as data: {RIGHT_ROOT}")
            new = [each for each in self._with_ids(path, data) if str(each["id"]) not in seen]
            if data and not new and number > 1:
                raise CannotRun(f"page {number} of GET {path} has nothing but records of the pages before")
            yield from new
            seen |= {str(each["id"]) for each in new}
            count += len(data)
            page = _page(came)
            last = self._last_page(path, page, number, len(data))
            if not data or number >= last:
                self._note_missing(path, count, page, number < last < _MOST_PAGES)
                return
        raise CannotRun(f"GET {path} has more than {_MOST_PAGES} pages")

    def _last_page(self, path: str, page: dict[str, Any], number: int, count: int) -> float:
        """The number of the last page; where none is told, a page that is not full is the last."""
        told = page.get("last_page")
        last = _whole(told)
        if last is None and told is not None and number == 1:
            self.notes.append(f"GET {path} tells no readable last_page: it may have more pages than were read.")
        is_full = count >= (_whole(page.get("per_page")) or _PER_PAGE)
        return last if last is not None else _MOST_PAGES if is_full else 0

    def _note_missing(self, path: str, count: int, page: dict[str, Any], has_more: bool) -> None:
        total = _whole(page.get("total"))
        if (total is not None and total > count) or has_more:
            told = f"{total} records" if total is not None else "more pages"
            self.notes.append(f"GET {path} tells of {told}, but {number_of(count, 'record')} came.")

    def _with_ids(self, path: str, data: list[Any]) -> list[dict[str, Any]]:
        """The records of a list; notes how many others are in it."""
        found = records(data)
        if others := len(data) - len(found):
            self.notes.append(f"Left out: {number_of(others, 'record')} of GET {path}, without an id.")
        return found

    def _hooks(self, path: str, *, or_none: bool = False) -> list[dict[str, Any]]:
        """The webhooks that are listed at a path. Raises CannotRun for another answer unless there may be `or_none`."""
        listed = _mapping(self._read(path, or_none=or_none)).get("webhooks")
        if isinstance(listed, list):
            return self._with_ids(path, listed)
        if not or_none:
            raise CannotRun(f"GET {path} is answered without a list of webhooks: {RIGHT_ROOT}")
        self.notes.append(f"GET {path} is answered without a list of webhooks: none are read.")
        return []

    def _read(self, path: str, *, or_none: bool = False) -> Any:
        """The `data` at a path; with `or_none`, None where there is none. Raises CannotRun."""
        came = self._server.ask(asking("GET", path), {})
        return None if or_none and came.status in _NONE else self._data(path, came)

    def _data(self, path: str, came: Reply) -> Any:
        """Raises CannotRun for any answer but 200."""
        if came.status != requests.codes.ok:
            hint = hint_at(came, RIGHT_ROOT if path == "/agents" else "")
            raise CannotRun(f"GET {path} is answered {came.status}{hint}")
        return data_of(came)


def _quoted(record: dict[str, Any]) -> str:
    return segment(str(record["id"]))


def _mapping(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def _page(came: Reply) -> dict[str, Any]:
    """What an answer tells of its page."""
    document = _mapping(came.document())
    return _mapping(document.get("meta")) or _mapping(document.get("pagination"))


def _whole(told: Any) -> int | None:
    """The whole number that is told, also as a text; None for anything else."""
    found = digits(told) if isinstance(told, str) else told
    return found if type(found) is int and found >= 0 else None

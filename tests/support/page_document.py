"""The page as tests read it without a browser: its elements, its text, and its forms with what they send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PAGE = "/__admin/"


@dataclass
class Form:
    """`fields` are what it sends as it stands, `button` is what its last button is called."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    button: str = ""


class Document(HTMLParser):
    """What a browser without scripts shows of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[Form] = []
        self.text = ""
        self.code: list[str] = []
        """The texts of the `pre` elements."""
        self.texts: dict[str, str] = {}
        """The texts of the rows of the list, by the id of each."""
        self._row = ""
        self._open: list[str] = []
        self._select = ""
        self._is_option = False
        """Whether the text that follows is the value of an option that is still to be noted."""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag != "wbr":  # it stands within words, and never ends
            self._open.append(tag)
        if "data-kind" in given:
            self._row = given["id"] or ""
        if tag == "pre":
            self.code.append("")
        if tag == "select":
            self._select = given.get("name") or ""
        if tag == "form":
            self.forms.append(Form(given["action"] or ""))
        elif "form" in self._open:
            self._note_field(tag, given)

    def _note_field(self, tag: str, given: dict[str, str | None]) -> None:
        form = self.forms[-1]
        if tag == "button":
            form.button = given.get("aria-label") or ""
        elif tag == "option" and self._select:
            self._is_option = "value" not in given and ("selected" in given or self._select not in form.fields)
            if "value" in given and ("selected" in given or self._select not in form.fields):
                form.fields[self._select] = given["value"] or ""
        elif tag in ("input", "textarea") and (given.get("type") != "checkbox" or "checked" in given):
            form.fields[given.get("name") or ""] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "ol" and "ol" not in self._open:
            self._row = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._row:
            self.texts[self._row] = self.texts.get(self._row, "") + data
        if self._is_option:
            self.forms[-1].fields[self._select] = data
            self._is_option = False
        if self._open[-1:] == ["pre"]:
            self.code[-1] += data if self.code[-1] else data.removeprefix("\n")  # as browsers do
        if self._open[-1:] == ["button"] and "form" in self._open and not self.forms[-1].button:
            self.forms[-1].button = data

    def form(self, button: str, action: str = "") -> Form:
        """The form with the button; of several the one of an action."""
        [found] = [f for f in self.forms if f.button == button and action in ("", f.fields.get("action"))]
        return found

    def attributes(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """Those of the elements with a tag and with these attributes."""
        found = [given for each, given in self.elements if each == tag]
        return [given for given in found if all(given.get(name) == value for name, value in wanted.items())]

    def links(self) -> list[str]:
        return [given.get("href") or "" for given in self.attributes("a")]


def page(http: FlaskClient, environment: str = "default", **query: str | list[str]) -> Document:
    """The page of an environment at an address."""
    answer = http.get(PAGE, query_string={"environment": environment, **query})
    assert answer.status_code == 200
    return Document(answer.text)


def press(
    http: FlaskClient, button: str, environment: str = "default", *, tool: str = "", action: str = "", **fields: str
) -> str:
    """Submits the form with the button and these fields as a browser does, with a tool open; what the page tells."""
    form = page(http, environment, tool=tool).form(button, action)
    assert fields.keys() <= form.fields.keys() | {"apply"}, form.fields
    return told(http, http.post(form.action, data={**form.fields, **fields}))


def told(http: FlaskClient, answer: TestResponse) -> str:
    """The message of the page that an action leads to."""
    assert answer.status_code == 303
    shown = http.get(answer.headers["Location"]).text
    _, _, rest = shown.partition('<p class="outcome')
    return Document("<p" + rest.partition("<a")[0].partition(">")[2]).text.strip()


def rows(shown: Document) -> list[str]:
    """The ids of the rows of the list, as they stand."""
    return [given["id"] or "" for given in shown.attributes("li") if given.get("data-kind")]

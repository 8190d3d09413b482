"""docs/fidelity.md, made of conformance.yaml and of the tables of routes. `make products` writes it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from talkover_mock.base.shapes.values import Basis
from talkover_mock.dialect.behaviours import Behaviour, conformance
from talkover_mock.dialect.endpoints import ENDPOINTS
from talkover_mock.web.routes import shown
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "fidelity.md"
_INTRODUCTION = """\
# Fidelity

This page says how sure each behaviour is:

- *Documented*: the vendor's pages say or show it. No option changes it, unless the table names a setting.
- *Inferred from a sample*: only one sample, or only the vendor's OpenAPI file, shows it.
- *Measured*: the framework of the API answers so in the same case, in the versions that the table names.
- *Assumed*: nobody outside knows it, and the mock has made a choice.

A setting is a key of `settings` in the fixture file. The last column counts the probes: requests that show the
behaviour. `talkover-mock conformance --url URL --token TOKEN` sends them to any server, real or mock, and prints
differences of statuses, headers, keys, their order, types and texts, but no values. It sends the probes that write only
with `--write-to AGENT_ID`, to a webhook that it makes there and deletes at the end. `talkover-mock listen`
[checks](learning.md) the behaviours that a delivery shows. `GET /__admin/assumptions` serves the same list, and says
which behaviours your fixture overrides.
"""


_ABOUT_ROUTES = """\
These are the vendor's routes; the mock emulates {} of them. It answers a call to a route that is only known with 501
and the reason, unless a [stub](fixtures.md#stubs) answers it. A star stands for the unknown rest of a path.
`talkover-mock routes` prints the same list.
"""


def page() -> str:
    behaviours = conformance().behaviours
    subjects = list(dict.fromkeys(each.subject for each in behaviours))
    parts = [_INTRODUCTION, _summary(behaviours)]
    parts += [_section(subject, [each for each in behaviours if each.subject == subject]) for subject in subjects]
    return "\n".join([*parts, _map()])


def _map() -> str:
    """The table of the vendor's routes, by path."""
    paths = list(dict.fromkeys(each.path for each in ENDPOINTS))
    rows = []
    for path in paths:
        mine = [each for each in ENDPOINTS if each.path == path]
        emulated, known = (
            ", ".join(each.method for each in mine if each.is_emulated is kind) for kind in (True, False)
        )
        rows.append(f"| `{shown(path)}` | {emulated} | {known} |")
    total = Counter(each.is_emulated for each in ENDPOINTS)
    head = ["| path | emulated | known |", "|---|---|---|"]
    return "\n".join(["## Routes", "", _ABOUT_ROUTES.format(total[True]), *head, *rows, ""])


def _summary(behaviours: Sequence[Behaviour]) -> str:
    count = Counter(each.basis for each in behaviours)
    kinds = ", ".join(f"{count[basis]} {basis}" for basis in get_args(Basis))
    probes = sum(len(each.probes) for each in behaviours)
    reading = sum(probe.reads for each in behaviours for probe in each.probes)
    return f"{len(behaviours)} behaviours: {kinds}. {probes} probes, of which {reading} only read.\n"


def _section(subject: str, behaviours: Sequence[Behaviour]) -> str:
    rows = [
        f"| {each.text} | {_basis(each)} | {_code(each.setting)} | {len(each.probes) or ''} |" for each in behaviours
    ]
    table = ["| behaviour | basis | setting | probes |", "|---|---|---|---|", *rows]
    notes = [
        *_notes(
            "Where the pages contradict each other, or are silent:", ((each.pages, each.text) for each in behaviours)
        )
    ]
    notes += _notes("Without a probe:", ((each.unproven, each.text) for each in behaviours))
    return "\n".join([f"## {subject}", "", *table, "", *notes])


def _basis(behaviour: Behaviour) -> str:
    return f"{behaviour.basis} ({behaviour.versions})" if behaviour.versions else behaviour.basis


def _code(setting: str | None) -> str:
    return f"`{setting}`" if setting else ""


def _notes(title: str, notes: Iterable[tuple[str | None, str]]) -> Iterator[str]:
    """One point for each note, under a title; with the behaviours that it is about, unless these are many."""
    about: dict[str, list[str]] = {}
    for note, text in notes:
        if note:
            about.setdefault(note, []).append(text)
    if about:
        yield from (title, "")
        for note, texts in about.items():
            yield f"- {f'**{texts[0]}**' if len(texts) == 1 else f'{len(texts)} of these'}: {note.rstrip('.')}."
        yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

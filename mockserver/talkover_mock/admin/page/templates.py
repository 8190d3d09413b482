"""The page's templates: each is compiled when it is first shown, and all applications share them."""

from functools import cache
from typing import Any

import jinja2

from talkover_mock.base.own_files import own_file
from talkover_mock.base.words import printable


def rendered(name: str, variables: Any) -> bytes:
    """The text of a template with these variables; it needs no context of Flask, since it may come after a wait."""
    text = _templates().get_template(name).render(variables)
    return text.encode(errors="backslashreplace")  # names may hold half a surrogate pair


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.FunctionLoader(lambda name: own_file(f"templates/{name}").decode())
    templates = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters["printable"] = printable
    return templates

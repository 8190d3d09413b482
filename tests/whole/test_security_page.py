"""docs/SECURITY.md: its limits are those of the code, and it fits on a screen."""

import importlib

from talkover_mock.admin.routes import requests
from talkover_mock.environments.world import FOR_PAGES
from tests.whole.test_architecture import SECURITY, in_code, rows

UNITS = {"": 1, "s": 1, "KiB": 1024, "MiB": 1024 * 1024}


def test_every_limit_is_the_one_of_the_code() -> None:
    wrong = []
    for what, values, beyond, constants in rows("Limits", SECURITY):
        places = in_code(constants)
        assert what.count(";") == values.count(";") == len(places) - 1, what
        assert beyond.count(";") in (0, len(places) - 1), what
        for value, place in zip(values.split("; "), places, strict=True):
            number, _, unit = value.partition(" ")
            file, name = place.split("::")
            module = importlib.import_module("talkover_mock." + file.removesuffix(".py").replace("/", "."))
            if int(number.replace(",", "")) * UNITS[unit] != getattr(module, name):
                wrong.append(f"{place} is not {value}")
    assert wrong == []


def test_it_is_one_screen() -> None:
    assert len(SECURITY.splitlines()) <= 60


def test_the_name_of_the_copy_is_right() -> None:
    assert f"`default{FOR_PAGES}`" in SECURITY


def test_the_masked_headers_are_named() -> None:
    assert [name for name in requests._SECRET_HEADERS if f"`{name}`" not in SECURITY] == []

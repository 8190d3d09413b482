"""The valid forms of ids, names and tokens."""

import re
from typing import TypeGuard

from talkover_mock.base.shapes.values import BEARER_PATTERN, ID_PATTERN

ID = re.compile(ID_PATTERN)
"""Ids of records, and names of environments, snapshots and scenarios."""
NAME_TEXT = "up to 100 letters, digits and -_. that start with a letter or digit"
TOKEN = re.compile(BEARER_PATTERN)
"""A bearer token: visible ASCII without a comma, because Laravel cuts the header at a comma."""


def is_token(value: object) -> TypeGuard[str]:
    """Whether the value is a valid bearer token."""
    return type(value) is str and TOKEN.fullmatch(value) is not None

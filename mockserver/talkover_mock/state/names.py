"""What ids, names and tokens may look like."""

import re
from typing import TypeGuard

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""Ids of agents and webhooks, and names of environments."""


NAME_TEXT = "up to 100 letters, digits and -_. that start with a letter or digit"


TOKEN = re.compile(r"[!-+\--~]{1,500}")
"""Visible ASCII without a comma, where Laravel would cut it."""


def is_token(value: object) -> TypeGuard[str]:
    """Whether a bearer token can be this."""
    return type(value) is str and TOKEN.fullmatch(value) is not None

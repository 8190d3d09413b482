"""Patterns in which `*` stands for any text."""


def matches(text: str, pattern: str) -> bool:
    """Whether a text fits the pattern, in which `*` stands for any text.

    Uses no regular expression: with many stars it would backtrack almost for ever, and block every other thread.
    """
    start, *middle = pattern.split("*")
    if not middle:
        return text == pattern
    if not text.startswith(start):
        return False
    end, place = middle.pop(), len(start)
    for part in middle:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return text.endswith(end) and place + len(end) <= len(text)


def matches_path(path: str, pattern: str) -> bool:
    """Whether a path fits the pattern, with or without a slash at its end, as the routes accept both."""
    return matches(path, pattern) or (path.endswith("/") and matches(path.rstrip("/"), pattern))

"""Patterns in which `*` stands for anything."""


def matches(text: str, pattern: str) -> bool:
    """Whether a text is the pattern, in which `*` stands for anything.

    By hand, since a regular expression takes for ever over many stars, and meanwhile nothing else runs.
    """
    start, *middle = pattern.split("*")
    if not middle:
        return text == pattern
    end, place = middle.pop(), len(start)
    for part in middle:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return text.startswith(start) and text.endswith(end) and place + len(end) <= len(text)


def matches_path(path: str, pattern: str) -> bool:
    """With a slash at its end or without, as the routes take it."""
    return matches(path, pattern) or (path.endswith("/") and matches(path.rstrip("/"), pattern))

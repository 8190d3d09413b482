"""Headers in what the client returns."""

from typing import Any

__tracebackhide__ = True  # pytest shows the test's own line


class Headers(dict[str, str]):
    """Headers by their names as they were sent; `[...]`, `get` and `in` find a name in any case."""

    def __missing__(self, name: str) -> str:
        wanted = name.lower()
        for key, value in self.items():
            if key.lower() == wanted:
                return value
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None


def with_headers(item: dict[str, Any]) -> dict[str, Any]:
    """A call or a delivery whose headers are found in any case."""
    for side in ("request", "response"):
        if item.get(side):
            item[side]["headers"] = Headers(item[side]["headers"])
    return item

"""The file in which `serve` writes its port, for scripts that wait for the server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click


def forget_stale(path: Path | None) -> None:
    """Removes the file of a crashed server; that of a running server stays."""
    if path and not _is_served(_read(path)):
        _remove(path)


@contextmanager
def port_in(path: Path | None, port: int) -> Iterator[None]:
    """Keeps the port in the file as long as the server runs. Raises UsageError."""
    if path is None:
        yield
        return
    text = f"{port}\n"
    _write_whole(path, text)
    try:
        yield
    finally:
        if _read(path) == text:  # another server may have written its port meanwhile
            _remove(path)


def _write_whole(path: Path, text: str) -> None:
    """Writes the file in one step: a script that waits for it never reads half of it."""
    unfinished = path.parent / f"{path.name}.part"
    try:
        unfinished.write_text(text)
        unfinished.replace(path)
    except OSError as error:
        _remove(unfinished)
        raise click.UsageError(f"can't write the port file {path}: {error.strerror}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _is_served(port: str) -> bool:
    """Whether a program on this machine listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()

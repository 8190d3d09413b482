"""The file in which `serve` writes its port, for scripts that wait for the server."""

import os
import re
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from talkover_mock.base.addresses import EVERYWHERE

_MOST_BYTES = 10
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
_PORT = re.compile(rb"\d{1,5}\s*")


class _NoPortFile(Exception):
    """The path leads to something that `serve` has not written; the text says why."""


def forget_stale(path: Path | None, host: str) -> None:
    """Removes the file of a crashed server; that of a server which runs on `host` stays.

    Raises UsageError for everything else: only a small regular file with a port, or an empty one, is ever replaced.
    """
    if path:
        port = _read_or_refuse(path)
        if port and not _is_served(EVERYWHERE.get(host, host), port):
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
        with suppress(_NoPortFile):
            if _read(path) == text:  # another server may have written its port meanwhile
                _remove(path)


def _write_whole(path: Path, text: str) -> None:
    """Writes the file in one step: a script that waits for it never reads half of it."""
    unfinished = path.parent / f"{path.name}.{secrets.token_hex(4)}.part"
    try:
        with unfinished.open("x", newline="\n") as file:
            file.write(text)
        _read_or_refuse(path)
        unfinished.replace(path)
    except OSError as error:
        raise click.UsageError(f"can't write the port file {path}: {error.strerror}") from None
    finally:
        _remove(unfinished)


def _read_or_refuse(path: Path) -> str:
    try:
        return _read(path)
    except _NoPortFile as error:
        detail = f"{path} is no port file, since {error}; nothing was changed. Give --port-file another path"
        raise click.UsageError(detail) from None


def _read(path: Path) -> str:
    """The text of a port file; empty when there is none. Raises _NoPortFile.

    Opens nothing but a regular file: a pipe or a device could wait, or never end.
    """
    try:
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind):
            raise _NoPortFile(f"it is {_name_of(kind)}")
        with os.fdopen(os.open(path, _READ), "rb") as file:
            text = file.read(_MOST_BYTES) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b"?"
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise _NoPortFile(f"it can't be read: {error.strerror}") from None
    if text and not _PORT.fullmatch(text):
        raise _NoPortFile("it does not hold a port")
    return text.decode()


def _name_of(kind: int) -> str:
    if stat.S_ISDIR(kind):
        return "a folder"
    if stat.S_ISLNK(kind):
        return "a symbolic link"
    return "a pipe" if stat.S_ISFIFO(kind) else "a device or a socket"


def _is_served(host: str, port: str) -> bool:
    """Whether a program listens on the port."""
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()

"""Reads fixture files and folders into the environments that they describe together."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from talkover_mock.base.collector import collector_paused
from talkover_mock.loading.documents import is_json, read
from talkover_mock.loading.fixture import Fixture, read_fixture
from talkover_mock.loading.mistakes import FixtureError, Mistake, Source
from talkover_mock.loading.variables import filled
from talkover_mock.loading.yaml_builder import DocumentError

T = TypeVar("T")
Stamps: TypeAlias = dict[str, tuple[int | str, ...]]
_ENDINGS = (".yaml", ".yml", ".json")
_MOST_BYTES = 64 << 20


class FixtureFiles:
    """Fixture files and folders, and whether they have changed since they were loaded."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self._paths = paths
        self._loaded: Stamps = {}

    def load(self, use: Callable[[Fixture], T]) -> T:
        """What `use` makes of the fixture. Raises FixtureError and the errors of `use`; the files then stay edited."""
        stamps = self.stamps()
        if self._loaded:  # a pipe may be read at the start; later nobody may be there who writes
            _refuse_special(_paths(self._paths, []), "is a pipe, socket or device now, which is read at the start only")
        used = use(load(self._paths))
        self._loaded = stamps
        return used

    def edited(self) -> list[str]:
        """The files that have changed, come or gone since they were loaded."""
        now = self.stamps()
        return [file for file in {**self._loaded, **now} if now.get(file) != self._loaded.get(file)]

    def stamps(self) -> Stamps:
        """What tells one state of each file from another."""
        return {str(file): _stamp(file) for file in _files_of(_paths(self._paths, []), [])}


@collector_paused()
def load(paths: Iterable[object], variables: Mapping[str, str] = os.environ) -> Fixture:
    """The environments of all files together; a folder stands for its YAML and JSON files, in order of name.

    `variables` are the values of `${NAME}` in strings. Raises FixtureError with the mistakes of all files.
    """
    sources: list[Source] = []
    mistakes: list[Mistake] = []
    uncounted = 0
    for file in _files_of(_paths(paths, mistakes), mistakes):
        try:
            sources.append(filled(read_file(file), variables))
        except FixtureError as error:
            mistakes += error.mistakes
    try:
        fixture = read_fixture(sources)
    except FixtureError as error:
        mistakes += error.mistakes
        uncounted = error.count - len(error.mistakes)
    if mistakes:
        raise FixtureError(mistakes, len(mistakes) + uncounted)
    return fixture


def read_file(path: Path) -> Source:
    """Reads one file as plain data. Raises FixtureError when it can't be read or is neither YAML nor JSON."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _cant_be_read(path, error) from None
    if len(content) > _MOST_BYTES:
        raise _unreadable(path, f"is larger than {_MOST_BYTES >> 20} MB, the most that a fixture file may have")
    return parse(content, str(path), is_json(path.name))


def parse(content: bytes, name: str, json_only: bool = False) -> Source:
    """Reads bytes as the plain data of a fixture; `name` stands for the file in messages. Raises FixtureError."""
    found = parse_any(content, name, json_only)
    if found.data is None:
        raise _unreadable(name, "is empty; expected at least `agents: []`")
    return found


def parse_any(content: bytes, name: str, json_only: bool = False) -> Source:
    """As `parse`, for any document, which may be null."""
    try:
        text, data = read(content, json_only)
    except DocumentError as error:
        raise FixtureError([Mistake(name, "", str(error), error.line)]) from None
    return Source(name, text, data, not json_only)


def default_fixture() -> Path:
    """The path of the built-in fixture, in an installed package or in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "fixtures" / "default.yaml"
    return installed if installed.exists() else package.parent.parent / "fixtures" / "default.yaml"


def _paths(given: Iterable[object], mistakes: list[Mistake]) -> Sequence[Path]:
    """The paths among what is given; anything else becomes a mistake."""
    paths: list[Path] = []
    for each in given:
        if isinstance(each, (str, os.PathLike)):
            paths.append(Path(each))
        else:
            mistakes.append(Mistake(f"{each!r:.80}", "", "expected the path of a fixture file or folder"))
    return paths


def _files_of(paths: Sequence[Path], mistakes: list[Mistake]) -> Iterator[Path]:
    """The files of all paths, each once; an unreadable folder or a repeated path becomes a mistake."""
    given: dict[str, Path] = {}
    for path in paths:
        try:
            files = _files(path)
        except FixtureError as error:
            mistakes += error.mistakes
            continue
        if len(paths) == 1:  # no path can be repeated
            yield from files
        elif _is_new(path, given, mistakes):
            yield from (file for file in files if file is path or _is_new(file, given, mistakes))


def _is_new(path: Path, given: dict[str, Path], mistakes: list[Mistake]) -> bool:
    first = given.setdefault(os.path.realpath(path), path)
    if first is not path:
        known_as = "" if str(first) == str(path) else f", first as {first}"
        mistakes.append(Mistake(str(path), "", f"is given twice{known_as}"))
    return first is path


def _files(path: Path) -> list[Path]:
    """The files that a path stands for. A folder with a pipe or a device among its fixtures is refused, not read."""
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return [path]
        entries = sorted(path.iterdir())
        files = [file for file in entries if file.suffix.lower() in _ENDINGS and not file.name.startswith(".")]
    except FileNotFoundError:
        return [path]
    except (OSError, ValueError) as error:
        raise _cant_be_read(path, error) from None
    _refuse_special(files, "is a pipe, socket or device; of a folder, only regular files are read")
    if not files:
        raise _unreadable(path, f"the folder holds no fixture ({', '.join('*' + e for e in _ENDINGS)})")
    return files


def _stamp(file: Path) -> tuple[int | str, ...]:
    """Two times, since not every change of a mode or a name is one of the content; or why there is no status."""
    try:
        found = file.stat()
    except (OSError, ValueError) as error:
        return (str(error),)
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode)


def _refuse_special(files: Iterable[Path], text: str) -> None:
    """Raises FixtureError for what may have no end."""
    if special := [Mistake(str(file), "", text) for file in files if _is_special(file)]:
        raise FixtureError(special)


def _is_special(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except OSError:
        return False  # reading it tells why
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _cant_be_read(path: Path, error: Exception) -> FixtureError:
    return _unreadable(path, f"can't be read: {getattr(error, 'strerror', None) or error}")


def _unreadable(path: Path | str, text: str) -> FixtureError:
    return FixtureError([Mistake(str(path), "", text)])

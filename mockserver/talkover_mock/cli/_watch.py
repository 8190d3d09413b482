"""Fixture files that change while the server runs: `--watch` loads them again, and without it a reset says so."""

import traceback
from collections.abc import Callable
from threading import Event, Lock, Thread

from talkover_mock.base.refusals import Conflict
from talkover_mock.environments.world import World
from talkover_mock.loading.files import FixtureFiles, Stamps
from talkover_mock.loading.mistakes import FixtureError

_LOOK_SECONDS = 0.25
_END_SECONDS = 0.5


def not_in_use(files: FixtureFiles) -> str:
    """A word on files that have changed since the server loaded them; empty if none has."""
    edited = ", ".join(files.edited())
    hint = "restart the server, or start it with --watch"
    return f"the fixtures have changed since the server loaded them ({edited}); {hint}" if edited else ""


class Watch:
    """Looks at the files whenever it is asked to; within a `with`, also again and again in a thread of its own."""

    def __init__(self, world: World, files: FixtureFiles, log: Callable[[str], object]) -> None:
        self._world, self._files, self._log = world, files, log
        self._looking, self._ending = Lock(), Event()
        self._refused: Stamps | None = None
        self._told = ""
        """What the log says of the refused files; empty while none are."""
        self._may_pass = False
        """Whether the refusal may end although no file changes."""
        self._thread = Thread(target=self._look_on, name="talkover-mock-watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(_END_SECONDS)

    def look(self, again: bool = False) -> str:
        """Loads the files again if they have changed. A word on why files that have changed are not in use.

        Files that were refused are tried again when they change, or `again`, as a reset does.
        """
        with self._looking:
            edited, stamps = ", ".join(self._files.edited()), self._files.stamps()
            is_new = stamps != self._refused
            if not edited:
                self._tell("the fixtures are the same again as the server has loaded" if self._told else "")
                self._told, self._refused = "", None
            elif is_new or again or self._may_pass:
                told = self._load(edited)
                self._tell(told if is_new or told != self._told else "")
                self._told, self._refused = told, stamps if told else None
            return ": ".join(self._told.split("\n", 2)[:2])

    def _load(self, edited: str) -> str:
        """Why the files are refused, with all mistakes; empty for files that are in use now."""
        self._may_pass = False
        try:
            later = ", ".join(self._files.load(self._world.follow))
        except (FixtureError, Conflict) as error:
            self._may_pass = isinstance(error, Conflict)
            return f"the fixtures have changed and are not in use, because of mistakes ({edited})\n{error}"
        except Exception as crash:  # whatever it is, the next edit has to be seen
            trace = traceback.format_exc()
            return f"the fixtures have changed, but the mock itself has failed ({edited})\n{crash!r}\n{trace}"
        self._tell(
            f"the fixtures have changed and are in use ({edited})" + (f"; after a reset in {later}" if later else "")
        )
        return ""

    def _tell(self, text: str) -> None:
        if text:
            self._log(text)

    def _look_on(self) -> None:
        before = self._files.stamps()
        while not self._ending.wait(_LOOK_SECONDS):
            now = self._files.stamps()
            if now == before:  # nobody is in the middle of writing
                self.look()
            before = now

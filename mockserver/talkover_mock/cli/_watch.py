"""Fixture files that change while the server runs: `--watch` loads them again, and without it a reset says so."""

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
        self._why = ""
        """Why the files are refused."""
        self._thread = Thread(target=self._look_on, name="talkover-mock-watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(_END_SECONDS)

    def look(self) -> str:
        """Loads the files again if they have changed. A word on why files that have changed are not in use."""
        with self._looking:
            edited, stamps = ", ".join(self._files.edited()), self._files.stamps()
            if not edited:
                return ""
            if stamps != self._refused:
                self._why = self._load(edited)
                self._refused = stamps if self._why else None
            return self._why

    def _load(self, edited: str) -> str:
        try:
            later = ", ".join(self._files.load(self._world.follow))
        except (FixtureError, Conflict) as error:
            why = f"the fixtures have changed and are not in use, because of mistakes ({edited})"
            self._log(f"{why}\n{error}")
            return f"{why}: {str(error).partition(chr(10))[0]}"
        self._log(
            f"the fixtures have changed and are in use ({edited})" + (f"; after a reset in {later}" if later else "")
        )
        return ""

    def _look_on(self) -> None:
        before = self._files.stamps()
        while not self._ending.wait(_LOOK_SECONDS):
            now = self._files.stamps()
            if now == before:  # nobody is in the middle of writing
                self.look()
            before = now

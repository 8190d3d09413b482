"""The command `talkover-mock`, also as `python -m talkover_mock`. The handlers of signals come before all else."""

import errno
import io
import os
import signal
import sys
from contextlib import suppress

from talkover_mock.base.ending import INTERRUPTED, ending_signals

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
_WRONG_USE = 2


def run() -> None:
    """Runs the command; its imports take long, and a signal may come meanwhile.

    A signal ends `serve` with 0 at any moment, which as process 1 of a container it would not even notice without a
    handler. Other commands are checks: a check that is interrupted has not succeeded.
    """
    if sys.argv[1:2] == ["serve"]:
        _end_on_signals()
    _open_closed_streams()
    _escape_what_is_not_encoded()
    try:
        from talkover_mock.cli import main

        main(prog_name="talkover-mock")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        _end_unheard(error)
    except SystemExit as ended:
        _end_flushed(ended)


def _end_on_signals() -> None:
    """Until `serve` has its own handlers there is nothing to clean up, and raising would stop in somebody's import."""
    for number in ending_signals():
        signal.signal(number, lambda *_: os._exit(0))


def _open_closed_streams() -> None:
    """Opens the null device for a standard stream that came closed: a socket would get its number otherwise."""
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123


def _escape_what_is_not_encoded() -> None:
    """Lets a name in another script than the terminal's or the pipe's be printed as an escape, as on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _end_flushed(ended: SystemExit) -> None:
    """Ends with the code of the command, or with 2 if standard output did not take all of it."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _end_unheard(error)
    _give_up_full_streams()
    raise ended


def _end_unheard(error: OSError) -> None:
    """Ends with one line and 2 when standard output takes nothing; with its own code when a message got lost."""
    if error.errno not in (errno.ENOSPC, errno.EIO, errno.EPIPE, errno.EBADF):
        raise error
    code = getattr(error.__context__, "exit_code", _WRONG_USE)
    with suppress(OSError):
        sys.stderr.write(f"Error: can't write the output: {error.strerror}\n")
        sys.stderr.flush()
    _give_up_full_streams()
    sys.exit(code)


def _give_up_full_streams() -> None:
    """Python flushes both streams at its end, and would end with 120 for one that takes nothing."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


if __name__ == "__main__":
    run()

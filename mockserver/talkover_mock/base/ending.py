"""The signals that end the server. It imports little: the handlers come before all other imports."""

import signal

INTERRUPTED = 128 + signal.SIGINT
"""The exit code of a command that Ctrl-C ends and that has no code of its own for it."""
_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")


def ending_signals() -> list[signal.Signals]:
    """Those that this system has, as Windows has Ctrl-Break; a SIGHUP that `nohup` has ignored stays ignored."""
    found = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    return [each for each in found if each.name != "SIGHUP" or signal.getsignal(each) != signal.SIG_IGN]

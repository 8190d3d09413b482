"""32 clients at once over 16 environments: nothing fails, is lost or is left behind. `make soak` does it for longer."""

from pathlib import Path

import pytest

from tests.soak.__main__ import check, server_process, soak
from tests.soak.client import STEPS

pytestmark = pytest.mark.slow


def test_whatever_32_clients_do_at_once_every_environment_is_what_its_model_says(tmp_path: Path) -> None:
    with server_process(tmp_path / "log") as (url, pid):
        soaked = soak(url, pid, seed=5, rounds=1)
    assert soaked.steps.keys() == STEPS.keys()
    assert soaked.steps.total() == 2 * 32 * 25
    check(soaked)
    assert "Traceback" not in (tmp_path / "log").read_text()

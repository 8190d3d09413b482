"""Examines a receiver of webhooks: sends it deliveries, right and wrong, and compares the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from talkover_mock.client.types import Probed, ProbeOptions

__all__ = ["probe"]


def probe(url: str, secret: str, **options: Unpack[ProbeOptions]) -> list[Probed]:
    """Sends the probes to the receiver at `url`, signed with `secret`, and returns how each was answered.

    Probes of a signed time are left out where the scheme signs none. The options are those of a webhook and of the
    settings for signatures; `event` and `data` make the payload one that the receiver knows. Raises TypeError for an
    unknown option, ValueError for a wrong one and for a URL that may not be called, and ConnectionError if even the
    genuine delivery is not answered.
    """
    from talkover_mock.examining import examined

    return examined(url, secret, options)

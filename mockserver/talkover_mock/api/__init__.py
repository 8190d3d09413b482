"""The vendor's surface: what the documented API answers, and how every call to it is checked, answered and noted.

It may import everything to the left of it, and never the admin surface. Rules of the API do not belong here (they are
in `dialect`), nor does anything that only the test harness may ask.
"""

from talkover_mock.api.routes import agents, deliveries, health, webhooks

FAMILIES = (agents, deliveries, health, webhooks)
"""The families of endpoints: each module has `register(api)`, which declares its routes."""

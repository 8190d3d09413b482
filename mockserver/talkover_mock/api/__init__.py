"""The vendor's surface: the documented endpoints (routes/), how each call is matched, checked and noted (app.py,
routing.py, input.py, recording.py), and what a fault does to a call (fault_answers.py).
It may import `web` and every wing below it.
A rule of the API (it is in `dialect`) or a question that only the test harness may ask never belongs here.
"""

from talkover_mock.api.routes import agents, calls, campaigns, deliveries, health, webhooks

FAMILIES = (agents, calls, deliveries, health, webhooks, campaigns)
"""The families of endpoints: each module has `register(api)`, which declares its routes.

A path that lacks a step gets the first route that fits as a hint, so that campaigns come after agents.
"""

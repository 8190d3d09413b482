"""The surface of the harness, `/__admin`: its routes (routes/), who may ask (guard.py), checks of input (checks.py),
problem details, searches, the texts of failures (expectations.py, lines.py), the page (page/), and the same routes for
a client in this process (harness.py).
It may import `web` and every wing below it.
A rule or an answer of the vendor's API, or a record that an environment has to keep, never belongs here.
"""

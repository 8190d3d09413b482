"""The records of an environment (records.py), their copy-on-write tables and the baseline (store.py), the operations on
agents, campaigns, webhooks, calls and stubs (agents.py, campaigns.py, webhooks.py, calls.py, stubs.py), the
refusal of their fields (checking.py), and the valid forms of ids, names and tokens (names.py).
It may import `base` and `dialect`.
A fixture file, a delivery, an answer of the API or a validation text never belongs here.
"""

"""Isolated environments: found by token, with the limits of how many there are and how many requests and deliveries
each keeps (world.py), state (environment.py), snapshots, calls (journal.py), faults, schedules, rate limit, reasons
(explain.py).
It may import `base`, `dialect`, `state`, `loading` and `deliveries`.
A request, an answer or anything else of HTTP never belongs here; what a fault does to a call is in `api`.
"""

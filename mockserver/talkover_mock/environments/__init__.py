"""Isolated environments, found by token: state, clock, snapshots, faults, rate limit, reasons, and the kept requests.

It may import `deliveries`, `loading`, `state`, `dialect` and `base`, and holds the limits: how many environments,
snapshots, faults, requests and deliveries are kept. HTTP does not belong here: no requests, no answers; what a fault
does to a call is in `api`.
"""

"""Events on their way to receivers: payloads, signatures, the user agent, the retry schedule, the log of attempts.

It may import `state`, `dialect` and `base`; settings and the report of crashes are handed in, never looked up in an
environment. Choosing events, HTTP routes and faults do not belong here.
"""

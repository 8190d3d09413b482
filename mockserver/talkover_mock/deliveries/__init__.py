"""Events on their way to receivers: messages (messages.py, payloads.py), their user agent and the sending (sender.py),
the hosts that may be called (targets.py), the queue with the retry schedule (outbox.py), its threads (pump.py),
what is under way (attempts.py).
It may import `base`, `dialect` and `state`; settings and the report of crashes are handed in.
An HTTP route, a fault or a look-up in an environment never belongs here.
"""

"""Events on their way to receivers: messages (messages.py, payloads.py), their user agent and the sending (sender.py),
the hosts that may be called (targets.py), the queue (outbox.py), an attempt and the retry schedule (attempts.py), the
threads (pump.py), the deliveries that examine a receiver (probes.py).
It may import `base`, `dialect` and `state`; settings and the report of crashes are handed in.
An HTTP route, a fault or a look-up in an environment never belongs here.
"""

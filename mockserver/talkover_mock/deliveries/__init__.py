"""Events on their way to receivers: messages (messages.py, payloads.py), their user agent and the sending (sender.py),
the hosts that may be called (targets.py), the queue (outbox.py, backlog.py, plans.py) and its log (log.py), an attempt
and the retry schedule (attempts.py), the threads (pump.py), the faults on deliveries (faults.py), calls and
campaigns in progress (calling.py, campaigning.py), and the deliveries that examine a receiver (probes.py).
It may import `base`, `dialect` and `state`; settings, the report of crashes and the fault that strikes are handed in.
An HTTP route, the count of a fault or a look-up in an environment never belongs here.
"""

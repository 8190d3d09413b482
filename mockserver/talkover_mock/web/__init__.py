"""The HTTP of both surfaces: the event-loop server (server.py, connection.py, parser.py), requests that threads
answer (running.py), waits that cost no thread (waiting.py), answers, the table of routes, the log line of a request.
It may import `environments` and every wing below it.
A text of the vendor's API, an admin route or the effect of a fault never belongs here.
"""

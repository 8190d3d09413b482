"""The HTTP that both surfaces share: the server, requests, answers, the table of routes, the log line of a request.

It may import `environments` and everything below it, and never `api` or `admin`. The texts of the vendor's API, admin
routes and the effect of a fault on a call do not belong here.
"""

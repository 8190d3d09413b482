"""The API's own rules: error answers (errors.py), fields with their defaults and schemas (fields.py), validation texts
such as "must be between" (rules.py), request bodies (inputs.py), events, ids, settings and signatures (signing.py).
It may import `base`.
A record, a route, a fixture file or anything that needs an environment never belongs here.
"""

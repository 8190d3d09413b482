"""The API's own rules: error answers (errors.py), fields with their defaults and schemas (fields.py), validation texts
such as "must be between" (rules.py), request bodies (inputs.py), events, ids, settings, signatures (signing.py);
and how sure each behaviour is (behaviours.py), with the shapes that answers have (shapes.py).
It may import `base`.
A record, a route, a fixture file or anything that needs an environment never belongs here.
"""

"""The shapes of documents that the server writes and the client reads, each declared once: presenters return them, the
client's methods have them as types, and tests/support/openapi_schemas.py makes the schemas of openapi.yaml of them.
Tuples in `Annotated` are keywords of JSON Schema; a text below a key is its description.
It imports nothing of the package, since the client imports it. A rule for input never belongs here.
"""

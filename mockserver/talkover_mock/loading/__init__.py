"""From fixtures to baselines and back: files, folders (files.py), YAML and JSON (documents.py, yaml_builder.py),
checks (fixture.py, reader.py, calls.py, campaigns.py), messages (mistakes.py), a state's fixture (writer.py), their
JSON Schema (schema.py).
It may import `base`, `dialect` and `state`, but not `deliveries`.
A validation rule or its text (they live in `dialect`), a running environment or HTTP never belongs here.
"""

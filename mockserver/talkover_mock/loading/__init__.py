"""From fixtures to baselines and back: files, folders (files.py), YAML and JSON (documents.py, yaml_builder.py), the
environment's variables (variables.py), checks (fixture.py, reader.py, calls.py, campaigns.py, logs.py, payloads.py,
scenarios.py, stubs.py, templates.py) of what becomes a baseline (collected.py), messages (mistakes.py) with their lines
(lines.py), a state's fixture (writer.py), their JSON Schema (schema.py).
It may import `base`, `dialect` and `state`, but not `deliveries`.
A validation rule or its text (they live in `dialect`), a running environment or HTTP never belongs here.
"""

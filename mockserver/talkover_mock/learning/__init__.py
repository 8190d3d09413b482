"""What the real API teaches the mock. listening.py keeps deliveries, which hearing.py, signatures.py and payloads.py
read and judging.py compares with the list of behaviours; importing.py reads an account, and probing.py asks a server
the probes, both as asking.py asks; agreeing.py says who differs, and which settings make the mock agree.
redacting.py says what is never written down, writing.py writes the fixture.
It is a door and may import every wing; no wing imports it. An option, a signal and an exit code are the commands'.
"""

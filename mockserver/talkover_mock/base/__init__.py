"""Tools for every wing: clocks (clock.py, real_time.py) and moments, what has happened and waits for it (history.py,
signals.py), threads (workers.py), the garbage collector (collector.py), the package's own files (own_files.py), header
texts and the masking of a token (headers.py), refusals, hints (words.py), the phrases of statuses (statuses.py), the
HTTP below a receiver (receiving.py).
It imports the standard library only.
A rule of the vendor's API, a record of an environment or a use of Flask never belongs here.
"""

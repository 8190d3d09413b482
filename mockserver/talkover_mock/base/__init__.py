"""Tools for every wing: clocks (clock.py, real_time.py) and moments, what has happened and waits for it (history.py,
signals.py), the numbers of changes (changes.py), threads (workers.py), the end of a process (ending.py), the garbage
collector (collector.py), the package's own files (own_files.py), hosts and ports (addresses.py), patterns with `*`
(patterns.py), the content of requests (contents.py), header texts and the masking of a token (headers.py), refusals,
hints (words.py), HTTP's statuses (statuses.py), the HTTP below a receiver (receiving.py), the shapes of documents
(shapes/).
It imports the standard library only.
A rule of the vendor's API, a record of an environment or a use of Flask never belongs here.
"""

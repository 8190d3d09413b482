"""Tools for every wing: the clock, moments as texts (moments.py), histories and waits (history.py), `*` patterns,
header texts and the masking of a token (headers.py), refusals, and the words and hints of messages (words.py).
It imports the standard library only.
A rule of the vendor's API, a record of an environment or a use of Flask never belongs here.
"""

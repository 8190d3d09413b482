"""A stand-in for the Talkover webhook API, for integration tests."""

__version__ = "0.1.0"

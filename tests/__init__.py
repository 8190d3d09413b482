"""Tests: one file a module, and one a rule of the contract over all routes."""

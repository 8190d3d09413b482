"""The figures that `make bench` prints: every module here with `measure()` is a subject."""

"""The pure core: decides what to write; no I/O, no clock, no randomness."""

"""The two systems behind one protocol."""

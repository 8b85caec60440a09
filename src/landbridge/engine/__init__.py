"""The I/O shell around the pure core: scans, plans, applies."""

"""``python -m landbridge`` is the same as ``landbridge``."""

from landbridge.cli import main

main()

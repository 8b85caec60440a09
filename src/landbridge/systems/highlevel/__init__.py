"""What Landbridge knows of HighLevel's API."""

"""What Landbridge knows of Rezora's API."""

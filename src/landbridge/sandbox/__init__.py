"""Local HighLevel and Rezora servers with people, quotas and faults on demand."""

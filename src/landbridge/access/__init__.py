"""Who may use this installation: people, their roles, sessions and keys. Knows the store, not the sync."""

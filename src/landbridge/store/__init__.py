"""What Landbridge remembers: tables, bridges, links, journal, vault."""

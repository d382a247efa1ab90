"""Two runs that should be one: where they differ, and by how much."""

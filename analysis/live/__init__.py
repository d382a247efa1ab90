"""The tracker as a live page: follows a run directory, read only, and shows what it says."""

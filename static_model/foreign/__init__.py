"""Models that somebody else saved, read as data: none of their code is run."""

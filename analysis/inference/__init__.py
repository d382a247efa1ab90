"""The statistics of the verdict: what was found, how sure that is, and what could have been found."""

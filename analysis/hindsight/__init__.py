"""What was there to be gained: baseline paths, the oracle, and the three causes."""

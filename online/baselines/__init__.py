"""Baselines are paths: the matrix of losses, the oracle over it, and the controls behind the three causes."""

"""Learners: how to retrain."""

"""Training sets: on what to retrain."""

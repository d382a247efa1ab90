"""From a CSV file to a trained model that can be scored anywhere."""

"""The Spark side of training: rows, encodings, fits, and which algorithm is kept. `train.train` does all of it."""

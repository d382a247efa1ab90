"""What is in a data set, and what its columns say about the label: tables that Spark aggregates."""

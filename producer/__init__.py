"""What a record is, and how records get onto the topic."""

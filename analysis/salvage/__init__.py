"""Reading run directories of which something is missing, cut, damaged or foreign: what is whole, and what is not."""

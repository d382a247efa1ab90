"""What is measured of a run beside the verdicts: agreement, time, recovery, detectors, price, labels."""

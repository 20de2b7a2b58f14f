"""What is tried to find out: runs made again, changed, continued; minima; cross-fitting."""

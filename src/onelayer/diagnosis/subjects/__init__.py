"""What is looked at beside single runs: their data, sweeps, runs that may be chosen among."""

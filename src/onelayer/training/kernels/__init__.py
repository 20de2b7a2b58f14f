"""The arithmetic of a step and of an evaluation: one slow twin to read, fast twins to run."""

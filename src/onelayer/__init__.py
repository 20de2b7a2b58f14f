"""Train single-layer networks by mini-batch gradient descent, and explain what happened."""

__version__ = "0.1.0"

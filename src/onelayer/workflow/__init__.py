"""What one does with files, as functions that a script can call."""

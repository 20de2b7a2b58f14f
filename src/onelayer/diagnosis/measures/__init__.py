"""Quantities that several checks measure, and typed numbers of checks that have many."""

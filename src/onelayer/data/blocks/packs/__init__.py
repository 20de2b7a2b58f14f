"""Packing: data shuffled once on disk, into blocks that are read without decoding."""

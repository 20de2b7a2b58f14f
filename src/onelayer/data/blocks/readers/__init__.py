"""Larger data as people have it, read as blocks: files, addresses, tables, Dask."""

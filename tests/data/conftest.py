"""The fixtures of these tests."""

from idx_material import idx_bytes, tiny, write_folder

__all__ = ["idx_bytes", "tiny", "write_folder"]

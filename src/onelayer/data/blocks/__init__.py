"""Data that is read block by block: larger than memory, on disk, elsewhere, or on a cluster."""

from onelayer.data.blocks.arrays import ArrayBlocks
from onelayer.data.blocks.source import Block, BlockSource

__all__ = ["ArrayBlocks", "Block", "BlockSource"]

"""Data that is read block by block: larger than memory, on disk, elsewhere, or on a cluster."""

from onelayer.data.blocks.arrays import ArrayBlocks
from onelayer.data.blocks.pack import pack
from onelayer.data.blocks.packed import PackedBlocks
from onelayer.data.blocks.source import Block, BlockSource
from onelayer.data.blocks.statistics import FeatureStatistics

__all__ = ["ArrayBlocks", "Block", "BlockSource", "FeatureStatistics", "PackedBlocks", "pack"]

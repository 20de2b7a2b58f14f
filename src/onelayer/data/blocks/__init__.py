"""Data that is read block by block: larger than memory, on disk, elsewhere, or on a cluster.

`onelayer.data.blocks.dataset` is not among these names: it needs data sets, which need these.
"""

from onelayer.data.blocks.arrays import ArrayBlocks
from onelayer.data.blocks.matrix import BlockMatrix, is_sparse
from onelayer.data.blocks.packs.pack import pack
from onelayer.data.blocks.packs.packed import PackedBlocks
from onelayer.data.blocks.selection import map_rows, select_rows, some_at_a_time, together
from onelayer.data.blocks.source import Block, BlockSource

__all__ = [
    "ArrayBlocks",
    "Block",
    "BlockMatrix",
    "BlockSource",
    "PackedBlocks",
    "is_sparse",
    "map_rows",
    "pack",
    "select_rows",
    "some_at_a_time",
    "together",
]

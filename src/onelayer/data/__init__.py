"""Arrays and files: data sets, where they come from, their scaling and order."""

from onelayer.data.blocks.dataset import block_dataset, class_by_class
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.dataset import Dataset
from onelayer.data.download import get_mnist
from onelayer.data.fingerprint import fingerprint
from onelayer.data.fit_scaling import ScalingName, fit_scaling
from onelayer.data.order import OrderName, epoch_order, order_by_law
from onelayer.data.rows import Rows, row_blocks
from onelayer.data.scaling import Scaling
from onelayer.data.sources import load, load_parts
from onelayer.data.windows import Windows

__all__ = [
    "Dataset",
    "OrderName",
    "Rows",
    "Scaling",
    "ScalingName",
    "Windows",
    "as_block_source",
    "block_dataset",
    "class_by_class",
    "epoch_order",
    "fingerprint",
    "fit_scaling",
    "get_mnist",
    "load",
    "load_parts",
    "order_by_law",
    "row_blocks",
]

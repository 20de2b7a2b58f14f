"""Models that are trained on data which is read block by block."""

from onelayer.engines.blocked.models import ModelShare, WindowModels
from onelayer.engines.blocked.part import BlockedPart
from onelayer.engines.blocked.stack import BlockedStack
from onelayer.engines.blocked.totals import BlockedTotals

__all__ = ["BlockedPart", "BlockedStack", "BlockedTotals", "ModelShare", "WindowModels"]

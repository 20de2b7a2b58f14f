"""A page that shows a study while it trains, served on this machine alone."""

from onelayer.live.server import LiveServer
from onelayer.live.state import LiveState, steps_planned

__all__ = ["LiveServer", "LiveState", "steps_planned"]

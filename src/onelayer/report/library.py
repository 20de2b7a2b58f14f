"""The program that draws Vega-Lite charts in a page."""

import vl_convert


def library() -> str:
    """Return it as one script, which takes a second the first time."""
    bundle: str = vl_convert.javascript_bundle(None)  # type: ignore[arg-type] # it may be None
    return bundle

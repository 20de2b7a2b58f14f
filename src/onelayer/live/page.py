"""The files of the live page: its own, and the looks that it shares with reports."""

from __future__ import annotations

from importlib.resources import files as resources

from onelayer.report import style

_STYLES = ("page", "controls")
_DARK = "@media screen and (prefers-color-scheme: dark)"


def files() -> dict[str, tuple[str, bytes]]:
    """Return the content type and the content of each file by its name; "" is the page."""
    of_reports = resources("onelayer.report") / "templates"
    own = resources("onelayer.live") / "templates"
    light, dark = style.css_variables("light"), style.css_variables("dark")
    css = [
        f":root {{ {light} }}",
        f'{_DARK} {{ :root:not([data-theme="light"]) {{ {dark} }} }}',
        f'@media screen {{ :root[data-theme="dark"] {{ {dark} }} }}',
        *(
            (of_reports / "styles" / name).read_text("utf-8")
            for name in ("page.css", "controls.css")
        ),
        (own / "live.css").read_text("utf-8"),
    ]
    script = [
        (of_reports / "scripts" / "theme.js").read_text("utf-8"),
        *((own / name).read_text("utf-8") for name in ("chart.js", "live.js")),
    ]
    return {
        "": ("text/html", (own / "live.html").read_bytes()),
        "live.css": ("text/css", "\n".join(css).encode()),
        "live.js": ("text/javascript", "\n".join(script).encode()),
        "theme.js": ("text/javascript", (own / "theme.js").read_bytes()),
    }

"""A page as one HTML file: no script, no request, no other file."""

from __future__ import annotations

from radz.errors import MissingExtraError
from radz.report.blocks import Page


def render(page: Page) -> str:
    """The page as HTML. Raises MissingExtraError without the extra ``report``."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("A report", "jinja2", "report") from None
    environment = Environment(
        loader=PackageLoader("radz.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(page=page)

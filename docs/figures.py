"""Words for every figure of the notebooks, taken from the text that Jupyter stores beside the picture."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx


def _describe(_app: Sphinx, doctree: nodes.document) -> None:
    for bundle in doctree.findall(nodes.container):
        if bundle.get("nb_element") != "mime_bundle":
            continue
        said = {part["mime_type"]: part for part in bundle.children if isinstance(part, nodes.container)}
        for image in bundle.findall(nodes.image):
            if "text/plain" in said:
                image["alt"] = " ".join(said["text/plain"].astext().split())


def setup(app: Sphinx) -> dict[str, bool]:
    """Describe figures as soon as a page is read."""
    app.connect("doctree-read", _describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

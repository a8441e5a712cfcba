"""How Sphinx makes the book; ``docs/book.py`` puts its pages together and runs it."""

project = "Deep learning notebooks"
author = "the authors of the course"
language = "en"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docs.mathml",
    "docs.figures",
    "docs.players",
]
suppress_warnings = [
    "ref.python"
]  # a word in a Returns section is no reference, though several things bear its name
html_math_renderer = "mathml"

myst_enable_extensions = ["dollarmath", "colon_fence", "attrs_block"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
nb_execution_mode = "off"  # the notebooks come with their outputs
nb_ipywidgets_js = {}
nb_merge_streams = True

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say what is meant
napoleon_google_docstring = False
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_domain_indices = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
html_sidebars = {"where": [], "notation": []}
html_theme_options = {
    "logo": {"text": project},
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "show_toc_level": 1,
    "show_prev_next": True,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "back_to_top_button": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def setup(app):
    """Read all pages again when the value changes that ``docs/book.py`` makes of the code behind them."""
    app.add_config_value("made_of", "", "env")

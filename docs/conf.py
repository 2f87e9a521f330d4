"""How the site is built: `sphinx-build -W docs docs/_build/html`.

Pages are MyST Markdown, API pages come from the docstrings.
"""

import re
import shutil
import tomllib
from itertools import pairwise
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

HERE = Path(__file__).parent
ROOT = HERE.parent

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

project = "rate2spike"
author = "The rate2spike developers"
copyright = author
version = release = PROJECT["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
templates_path = []

# Markdown and notebooks
nb_execution_mode = "off"  # the workflow runs them: snakemake notebooks
myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Docstrings
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autosummary_generate = False  # tables only; the pages name what they show
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
default_role = "code"  # `name` in a docstring is code
python_use_unqualified_type_names = True
maximum_signature_line_length = 80

# Looks
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"rate2spike {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp"


def copy_notebooks(*_):
    """The notebooks and their page, copied into this folder (where git ignores them)."""
    folder = HERE / "notebooks"
    folder.mkdir(exist_ok=True)
    pages = {
        file.name: file.read_text("utf-8") for file in sorted((ROOT / "notebooks").glob("*.ipynb"))
    }
    tree = "\n".join(
        ["", "```{toctree}", ":hidden:", "", *(Path(name).stem for name in pages), "```", ""]
    )
    pages["index.md"] = (ROOT / "notebooks" / "README.md").read_text("utf-8") + tree
    for file in folder.iterdir():
        if file.name not in pages:
            file.unlink() if file.is_file() else shutil.rmtree(file)
    for name, text in pages.items():
        if not (folder / name).exists() or (folder / name).read_text("utf-8") != text:
            (folder / name).write_text(text, "utf-8")


RULER = re.compile(r"^-{3,}\s*$")
SPECIAL = re.compile(r"(?<!\\)([*|])|(?<=\w)_(?!\w)")
CODE = re.compile(r"(``.*?``|`.*?`(?:__?)?)")


def plain(app, what, name, obj, options, lines):
    """Docstrings are read in the source too: * and | are themselves, indented lines formulas."""
    begins = [0, *(i - 1 for i, line in enumerate(lines) if i and RULER.match(line)), len(lines)]
    sections = [[_escaped(line) for line in lines[begin:end]] for begin, end in pairwise(begins)]
    sections = [_described(section) for section in sections]
    prose = {0} | {i for i, section in enumerate(sections) if section and section[0] == "Notes"}
    lines[:] = [
        line
        for i, section in enumerate(sections)
        for line in (_formulas(section) if i in prose else section)
    ]


PARAMETER = re.compile(r"^((?:\\\*){0,2}\w[\w, \\*]*) : (.+)$")


def _described(section):
    """What stands beside the name of a parameter describes it: no type, in which words would be
    looked up as names."""
    if section[:1] not in (["Parameters"], ["Attributes"]):
        return section
    text = []
    for line in section:
        parameter = PARAMETER.match(line)
        text += [parameter[1], "    " + parameter[2]] if parameter else [line]
    return text


def _escaped(line):
    parts = CODE.split(line)
    for i, part in enumerate(parts):
        if not part.startswith("`"):
            parts[i] = SPECIAL.sub(_with_backslash, part)
        elif parts[i + 1][:1].isalpha():
            parts[i] += "\\ "  # `Recording`s
    return "".join(parts)


def _with_backslash(found):
    return "\\" + found.group()


def _formulas(lines):
    """Indented lines become a literal block of their own."""
    text, inside = [], False
    for line in lines:
        indented = line.startswith("  ")
        if indented and not inside:
            text += ["", ".. code-block:: text", ""]
        if inside and line.strip() and not indented:
            text += [""]
        inside = indented or (inside and not line.strip())
        text.append("    " + re.sub(r"\\([*|_])", r"\1", line) if indented else line)
    return text


def math_inline(translator, node):
    """A formula as MathML, which browsers typeset themselves: no script, no network."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def math_block(translator, node):
    """A displayed formula, with its number where it has one."""
    anchor = f' id="{node["ids"][0]}"' if node["ids"] else ""
    number = f'<span class="eqno">({node["number"]})</span>' if node["number"] else ""
    formula = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="math-block"{anchor}>{number}{formula}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (math_inline, None), (math_block, None))
    app.connect("builder-inited", copy_notebooks, priority=1)
    app.connect("autodoc-process-docstring", plain, priority=1)
    return {"parallel_read_safe": True}

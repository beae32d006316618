"""The hooks of mkdocs.yml: what the site shows besides docs/, where its links lead, and the names of the API.

Pages of docs/ are written to be read on GitHub too. So their links are relative to the repository; here they become
links to pages of the site, or to the repository on the web. `<!-- public names of dnn.nn.losses, … -->` in docs/api
becomes a directive of mkdocstrings for each public name that one of these modules defines. A formula in LaTeX between
$$ and $$ becomes MathML, which browsers show without a script or a network.
"""

import ast
import posixpath
import re
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
ELSEWHERE = {  # page or picture of the site: where it stands in the repository
    "index.md": "README.md",
    "op-steps.md": "dnn/ops/README.md",
    "kernels.md": "dnn/kernels/README.md",
    "benchmark-table.md": "benchmarks/last/table.md",
    "accuracy-table.md": "benchmarks/accuracy/last.md",
    "conformance-table.md": "benchmarks/conformance/table.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "curves.png": "scripts/curves.png",
    "plot.png": "benchmarks/last/plot.png",
}
LINK = re.compile(r"(!?\[[^\]]*\])\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
CODE = re.compile(r"^( *)(```.*?^\1```$)", re.DOTALL | re.MULTILINE)
FORMULA = re.compile(r"^\$\$(.+?)\$\$$", re.DOTALL | re.MULTILINE)
NAMES = re.compile(r"<!-- public names of ([\w., \n]+?) -->")


def on_files(files: Any, config: Any) -> Any:
    """Add what stands elsewhere in the repository (called by mkdocs)."""
    from mkdocs.structure.files import File  # here, since the tests read this file without mkdocs

    for name, path in ELSEWHERE.items():
        files.append(File.generated(config, name, abs_src_path=str(HOME / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Return the page with links that lead somewhere from the site, and the names of the API (called by mkdocs)."""
    name = page.file.src_uri
    parts = CODE.split(markdown)  # text, indent, code, text, …: what looks like a link in code is none
    parts[::3] = [
        LINK.sub(lambda link: linked(link, name, config.repo_url), part) for part in map(in_mathml, parts[::3])
    ]
    for index in range(2, len(parts), 3):
        parts[index - 1 : index + 1] = ["", parts[index - 1] + parts[index]]
    return NAMES.sub(lambda found: directives(modules_in(found[1])), "".join(parts))


def in_mathml(text: str) -> str:
    """Return the text with its formulas in MathML, each in a block of its own."""
    if not FORMULA.search(text):
        return text
    from latex2mathml.converter import convert

    return FORMULA.sub(lambda found: f'<div class="formula">{convert(found[1], display="block")}</div>', text)


def linked(link: re.Match[str], page: str, repository: str) -> str:
    """Return a link of a page as the site needs it."""
    text, target, anchor = link[1], link[2], link[3] or ""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(repository_path(page)), target))
    return f"{text}({address(path, page, repository)}{anchor})"


def repository_path(page: str) -> str:
    """Return where a page of the site stands in the repository."""
    return ELSEWHERE.get(page, f"docs/{page}")


def address(path: str, page: str, repository: str) -> str:
    """Return where a page links to for a path of the repository: a page of the site, else the repository's own."""
    shown = {there: name for name, there in ELSEWHERE.items()}
    if path in shown or (path.startswith("docs/") and not (HOME / path).is_dir()):
        return posixpath.relpath(shown.get(path, path.removeprefix("docs/")), posixpath.dirname(page) or ".")
    return f"{repository}/{'tree' if (HOME / path).is_dir() else 'blob'}/main/{path}"


def modules_in(names: str) -> list[str]:
    """Return the modules of a comma-separated list."""
    return re.split(r",\s*", names.strip())


def directives(modules: list[str]) -> str:
    """Return a directive of mkdocstrings for each public name of these modules."""
    names = dict.fromkeys(name for module in modules for name in public_names(module))
    return "\n\n".join(f"::: {name}" for name in names)


def public_names(module: str) -> list[str]:
    """Return the names of `dnn` that a module defines; of another module or package, those of its `__all__`.

    Raises:
        ValueError: If it has no public name.
    """
    names = [f"dnn.{name}" for name, there in stub().items() if there == module] or exported(module)
    if not names:
        raise ValueError(f"{module} has no public name: neither dnn/__init__.pyi nor an __all__ of its own has one")
    return names


def stub() -> dict[str, str]:
    """Return the module that defines each public name of `dnn`, subpackages left out."""
    imports = imports_of(HOME / "dnn" / "__init__.pyi")
    return {name: module for name, module in imports.items() if module != "dnn"}


def imports_of(path: Path) -> dict[str, str]:
    """Return the module from which a file imports each name."""
    nodes = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: str(node.module) for node in nodes for alias in node.names}


def exported(module: str) -> list[str]:
    """Return the names of the `__all__` of a module or package, without those that `dnn` has itself."""
    path = HOME / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return []
    ours, imported = stub(), imports_of(file)
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = sorted(ast.literal_eval(node.value), key=str.lower)
            return [f"{module}.{name}" for name in names if name not in ours or ours[name] != imported.get(name)]
    return []

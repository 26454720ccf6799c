"""No text becomes code: the package's own syntax trees are walked, so that a new file cannot be forgotten."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from importer.mapping.schema import mapping_schema
from importer.model.rules import AttributeRule
from importer.validating.patterns import NAMED

PACKAGE = Path(__file__).parents[2] / "importer"
FILES = sorted(PACKAGE.rglob("*.py"))

CALLS = {
    "eval", "exec", "compile", "__import__", "breakpoint", "input", "execfile",
    "importlib.import_module", "importlib.reload", "runpy.run_path", "runpy.run_module",
    "os.system", "os.popen", "os.spawnl", "os.execv", "os.execvp", "os.startfile", "pty.spawn", "commands.getoutput",
    "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.unsafe_load_all", "yaml.full_load_all",
    "pandas.eval", "pd.eval", "pandas.read_pickle", "pd.read_pickle", "numpy.load", "np.load", "joblib.load",
    "torch.load", "types.FunctionType", "types.CodeType", "tempfile.mktemp",
}  # fmt: skip
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "imp", "code", "codeop", "runpy"} | {
    "pkg_resources",
    "pluggy",
    "stevedore",
    "ctypes",
    "cffi",
}
METHODS = {"entry_points", "eval", "load_module", "exec_module", "from_string"}
"""Methods of anything: plugins, `DataFrame.eval`, a template out of text."""

PATTERNS = {
    "importer/crm/meaning.py",  # the crm_id, escaped
    "importer/mapping/suggest/columns.py",  # a table of the program's own
    "importer/model/known.py",  # the words of date formats
    "importer/reading/delimiters.py",  # the delimiter, escaped
    "importer/mapping/numbering.py",  # the metadata of phonenumbers
    "importer/reading/plain_rows.py",  # how a sheet lays out its rows: fixed groups between escaped texts
    "importer/reading/shared_strings.py",  # fixed parts of its own
    "importer/reading/sheet_rows.py",  # fixed parts of its own
    "importer/reporting/workbook/markup.py",  # the name of an attribute, which the code names
}
"""Files with patterns that are put together while the program runs; each was looked at, and nothing comes from a user
unescaped. Patterns of people's own could take for ever (`(a+)+$`), so mappings have none."""


ON_DEMAND = {"reading/__init__.py": ["importlib.import_module"]}
"""Modules of a table in the file itself, imported when they are asked for."""


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def findings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in MODULES:
                yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in CALLS)
            yield from (alias.name for alias in node.names if alias.name in METHODS)
        elif isinstance(node, ast.Call):
            yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[str]:
    name = name_of(node.func)
    if name in CALLS or name.rpartition(".")[2] in METHODS or name.rpartition(".")[2] == "query":
        yield name
    for keyword in node.keywords:
        if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False):
            yield f"{name}(shell=)"
        if keyword.arg == "allow_pickle":
            yield f"{name}(allow_pickle=)"
    if name == "yaml.load":
        loaders = [name_of(keyword.value) for keyword in node.keywords if keyword.arg == "Loader"]
        if loaders != ["_PlainLoader"]:
            yield "yaml.load"


def test_the_package_is_looked_at() -> None:
    assert len(FILES) > 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_text_becomes_code(path: Path) -> None:
    allowed = ON_DEMAND.get(path.relative_to(PACKAGE).as_posix(), [])
    assert list(findings(ast.parse(path.read_text(encoding="utf-8")))) == allowed


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "exec(x)",
        "import pickle",
        "from marshal import loads",
        "import importlib\nimportlib.import_module(name)",
        "from importlib import import_module",
        "__import__(name)",
        "subprocess.run(x, shell=True)",
        "subprocess.Popen(x, shell=flag)",
        "os.system(x)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.load(text)",
        "yaml.unsafe_load(text)",
        "importlib.metadata.entry_points()",
        "from importlib.metadata import entry_points",
        "frame.eval('a + b')",
        "frame.query(text)",
        "np.load(path, allow_pickle=True)",
        "environment.from_string(text)",
    ],
)
def test_what_would_be_found(code: str) -> None:
    assert list(findings(ast.parse(code)))


def test_patterns_are_the_programs_own() -> None:
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.match(r"^(re|regex|re2)\.", name_of(node.func)) and node.args:
                pattern = node.args[0]
                fixed = isinstance(pattern, ast.Constant) or (isinstance(pattern, ast.Name) and pattern.id.isupper())
                if not fixed and name_of(node.func) not in ("re.escape",) and not _is_module_level(path, pattern):
                    found.add(str(path.relative_to(PACKAGE.parent)))
    assert found <= PATTERNS


def _is_module_level(path: Path, pattern: ast.expr) -> bool:
    """A text that is put together once, of constants, when the module is loaded."""
    names = {node.id for node in ast.walk(pattern) if isinstance(node, ast.Name)}
    assigned = {
        target.id
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    return names <= assigned


def test_a_mapping_has_no_place_for_a_pattern() -> None:
    """S19: only named checks. Whoever adds one has to think of patterns that take for ever."""

    def keys(part: object) -> Iterator[str]:
        if isinstance(part, dict):
            yield from part.get("properties", {})
            for below in part.values():
                yield from keys(below)
        elif isinstance(part, list):
            for below in part:
                yield from keys(below)

    named = set(keys(mapping_schema()))
    assert {"column", "region"} <= named
    suspicious = {key for key in named if re.search("regex|pattern|match|expression|script|python|eval", key)}
    assert suspicious == {"matches"}
    with pytest.raises(ValidationError):
        AttributeRule.model_validate({"column": "A", "matches": "^(a+)+$"})
    assert all(AttributeRule.model_validate({"column": "A", "matches": word}) for word in NAMED)

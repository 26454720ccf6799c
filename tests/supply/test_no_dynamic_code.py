"""No text becomes code: the package's own syntax trees are walked, so that a new file cannot be forgotten."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from pydantic import ValidationError

from importer.mapping.file.schema import mapping_schema
from importer.model.rules import AttributeRule
from importer.validating.checks import NAMED

PACKAGE = Path(__file__).parents[2] / "importer"
FILES = sorted(PACKAGE.rglob("*.py"))

CALLS = {
    "eval", "exec", "compile", "__import__", "breakpoint", "input", "execfile",
    "importlib.import_module", "importlib.reload", "runpy.run_path", "runpy.run_module",
    "os.system", "os.popen", "os.startfile", "pty.spawn", "commands.getoutput",
    "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell", "jinja2.Template",
    "logging.config.dictConfig", "logging.config.fileConfig", "logging.config.listen", "globals",
    "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.unsafe_load_all", "yaml.full_load_all",
    "pandas.eval", "pd.eval", "pandas.read_pickle", "pd.read_pickle", "numpy.load", "np.load", "joblib.load",
    "torch.load", "types.FunctionType", "types.CodeType", "tempfile.mktemp",
}  # fmt: skip
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "imp", "code", "codeop", "runpy"} | {
    "builtins",
    "multiprocessing",  # pickles what it hands over
    "pkg_resources",
    "pluggy",
    "stevedore",
    "ctypes",
    "cffi",
}
METHODS = {"entry_points", "eval", "load_module", "exec_module", "from_string"} | {
    "load_extension",
    "enable_load_extension",
    "subprocess_shell",
    "read_pickle",
}
"""Methods of anything: plugins, `DataFrame.eval`, a template out of text, a library that SQLite loads."""

STARTING = re.compile(r"subprocess\.\w+|asyncio\.create_subprocess_\w+|os\.(exec|spawn|posix_spawn)\w*|os\.fork\w*")
STARTERS = {"importer/cli/hook.py", "importer/reading/worker/client.py"}
"""Files that start a program; each was looked at: the user's own command without a shell, and this Python."""

LOADERS = {
    f"yaml.{name}" for name in ("Loader", "UnsafeLoader", "FullLoader", "CLoader", "CUnsafeLoader", "CFullLoader")
}
"""Those that make objects of what a text names."""

COLUMN_PATTERNS = re.compile(r"\.str\.(contains|match|fullmatch|extract|extractall|findall|count|replace|split)$")
"""Methods of pandas that take a pattern, and run some of them on an engine that is not linear."""

PATTERNS = {
    "importer/crm/conflict_or_throttle.py",  # the crm_id, escaped
    "importer/profiling/column_profile.py",  # a table of the program's own
    "importer/model/vocabulary.py",  # the words of date formats
    "importer/reading/csv/records.py",  # the delimiter, escaped
    "importer/mapping/values/numbering.py",  # the metadata of phonenumbers
    "importer/reading/xlsx/fast_rows/row_pattern.py",  # how a sheet spells its rows: groups between escaped texts
    "importer/reading/xlsx/fast_rows/__init__.py",  # fixed parts of its own
    "importer/reporting/annotated/xml_edit.py",  # the name of an attribute, which the code names
}
"""Files with patterns that are put together while the program runs; each was looked at, and nothing comes from a user
unescaped. Patterns of people's own could take for ever (`(a+)+$`), so mappings have none."""


ON_DEMAND = {"reading/other/__init__.py": ["importlib.import_module"] * 2}
"""The modules of the file's own folder, imported by their names: the import of the function, and its call."""


def name_of(node: ast.expr, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """The name with its dots; what was imported under a name of its own is called as it is called at home."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value, known)}.{node.attr}"
    return ""


def imported(tree: ast.AST) -> dict[str, str]:
    """Names of the file to what they stand for: `o` to `os` after `import os as o`, `load` to `yaml.load`."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def findings(tree: ast.AST) -> Iterator[str]:
    known = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in MODULES:
                yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in CALLS)
            yield from (alias.name for alias in node.names if alias.name in METHODS)
        elif isinstance(node, ast.Call):
            yield from _of_call(node, name_of(node.func, known))
        elif isinstance(node, ast.Attribute | ast.Name) and name_of(node, known) in LOADERS:
            yield name_of(node, known)


def _of_call(node: ast.Call, name: str) -> Iterator[str]:
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


@pytest.mark.slow
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
        "import os as o\no.system(x)",
        "from os import popen as p\np(x)",
        "from yaml import load\nload(text, Loader)",
        "class PlainLoader(yaml.UnsafeLoader): ...",
        "from yaml import Loader\nLoader(text).get_data()",
        "subprocess.getoutput(x)",
        "asyncio.create_subprocess_shell(x)",
        "from jinja2 import Template\nTemplate(text)",
        "import builtins",
        "globals()[name]()",
        "from logging.config import dictConfig\ndictConfig(document)",
        "connection.load_extension(x)",
        "from multiprocessing import Pool",
    ],
)
def test_what_would_be_found(code: str) -> None:
    assert list(findings(ast.parse(code)))


def test_programs_are_started_in_two_places() -> None:
    """A shell can be started without `shell=True`, too."""
    found = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in FILES
        if any(STARTING.fullmatch(name) for name, _ in calls(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == STARTERS


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    known = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield name_of(node.func, known), node


@pytest.mark.slow
def test_patterns_are_the_programs_own() -> None:
    found = set()
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(not _is_fixed(pattern, tree) for pattern in run_patterns(tree)):
            found.add(path.relative_to(PACKAGE.parent).as_posix())
    assert found == PATTERNS


@pytest.mark.parametrize(
    "code",
    [
        "re.compile(text)",
        "re.search(pattern=text, string=x)",
        "from re import search as s\ns(text, x)",
        "import re as r\nr.match(f'{text}+', x)",
        "frame['a'].str.contains(text)",
        "texts.astype(object).str.replace(pat=text, repl='')",
    ],
)
def test_what_patterns_would_be_found(code: str) -> None:
    tree = ast.parse(code)
    assert [_is_fixed(pattern, tree) for pattern in run_patterns(tree)] == [False]


def run_patterns(tree: ast.AST) -> Iterator[ast.expr]:
    """The patterns that are handed to an engine that is not linear."""
    for name, call in calls(tree):
        is_own = re.match(r"^(re|regex|re2)\.", name) and name != "re.escape"
        if is_own or COLUMN_PATTERNS.search(name):
            named = [keyword.value for keyword in call.keywords if keyword.arg in ("pattern", "pat")]
            yield from [*call.args, *named][:1]


def _is_fixed(pattern: ast.expr, tree: ast.Module) -> bool:
    """A constant, by its name or its looks, or a text that is put together once, of constants, as the module loads."""
    if isinstance(pattern, ast.Constant) or (isinstance(pattern, ast.Name) and pattern.id.isupper()):
        return True
    names = {node.id for node in ast.walk(pattern) if isinstance(node, ast.Name)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    return names <= assigned


def test_a_mapping_has_one_place_for_a_pattern() -> None:
    """S19: it is run by RE2, which takes linear time. Another place has to think of patterns that take for ever."""

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
    assert suspicious == {"matches", "pattern", "pattern_says"}
    with pytest.raises(ValidationError):
        AttributeRule.model_validate({"column": "A", "matches": "^(a+)+$"})
    assert all(AttributeRule.model_validate({"column": "A", "matches": word}) for word in NAMED)

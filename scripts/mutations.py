"""The small changes that `make mutate` makes to Python, to the site's JavaScript and to nginx's configuration."""

import ast
import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}

_CHANGED = (ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Constant, ast.If, ast.Return)
_NOT_RUN = ("annotation", "returns", "decorator_list")

# Replacements in JavaScript: a pattern, and the text in its place.
_IN_SCRIPTS = (
    (r"===", "!=="),
    (r"!==", "==="),
    (r"&&", "||"),
    (r"\|\|", "&&"),
    (r" < ", " <= "),
    (r" > ", " >= "),
    (r" <= ", " < "),
    (r" >= ", " > "),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r"if \((?=[\w#.])", "if (!"),
)
_STATEMENT = re.compile(r"^\s*(?!import|export|const|let|return|})[\w$#.]+[^{}]*;\s*$")
_DIRECTIVE = re.compile(r"^\s*[a-z_]+\s[^{}]*;\s*$")


class Mutant(NamedTuple):
    """A change: the file's path below the root, the line from 1, the change in words, and the file's new text."""

    path: str
    line: int
    change: str
    text: str

    @property
    def name(self) -> str:
        """A name that does not depend on the line's number."""
        return f"{self.path}  {self.change}"


def mutants_of(root: Path, path: str) -> Iterator[Mutant]:
    """Every mutant of a Python, JavaScript or nginx file below `root`; none of another file."""
    text = (root / path).read_text()
    if path.endswith(".py"):
        yield from _of_python(path, text)
    elif path.endswith(".js"):
        yield from _of_lines(path, text, _IN_SCRIPTS, _STATEMENT)
    elif "nginx" in path and path.endswith((".conf", ".template")):
        yield from _of_lines(path, text, (), _DIRECTIVE)


def _of_python(path: str, text: str) -> Iterator[Mutant]:
    tree = ast.parse(text)
    for place, node in enumerate(_nodes(tree)):
        for change in _changes(node):
            mutated = copy.deepcopy(tree)
            target = _nodes(mutated)[place]
            before = ast.unparse(target)
            change(target)
            after = ast.unparse(target)
            if before != after:
                line = getattr(node, "lineno", 1)
                yield Mutant(path, line, f"{_short(before)} -> {_short(after)}", ast.unparse(mutated))


def _nodes(tree: ast.AST) -> list[Any]:
    """The nodes that may be changed, in a fixed order, without annotations and decorators."""
    found: list[Any] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _CHANGED) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            found.append(node)
        waiting += [child for name, child in _children(node) if name not in _NOT_RUN]
    return found


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_for_types(child):
                yield name, child


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _changes(node: Any) -> Iterator[Callable[[Any], None]]:
    """Functions that each change a node of the same kind as `node` in place."""
    match node:
        case ast.Compare(ops=[first, *_]) if type(first) in _COMPARISONS:
            yield lambda node: node.ops.__setitem__(0, _COMPARISONS[type(node.ops[0])]())
        case ast.BoolOp():
            yield lambda node: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
            yield lambda node: setattr(node, "op", _OPERATORS[type(node.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield _drop_not
        case ast.Constant(value=bool()):
            yield lambda node: setattr(node, "value", not node.value)
        case ast.Constant(value=int() | float()):
            yield lambda node: setattr(node, "value", node.value + 1)
        case ast.If():
            yield lambda node: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield lambda node: setattr(node, "value", ast.Constant(None))
        case ast.Expr():
            yield lambda node: setattr(node, "value", ast.Constant(None))


def _drop_not(node: ast.UnaryOp) -> None:
    node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _of_lines(
    path: str, text: str, replacements: tuple[tuple[str, str], ...], dropped: re.Pattern[str]
) -> Iterator[Mutant]:
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("//", "#", "*", "/*")):
            continue
        changed = [
            line[: at.start()] + new + line[at.end() :] for old, new in replacements for at in re.finditer(old, line)
        ]
        if dropped.match(line):
            changed.append("\n")
        for other in changed:
            whole = "".join([*lines[:number], other, *lines[number + 1 :]])
            yield Mutant(path, number + 1, f"{_short(line.strip())} -> {_short(other.strip()) or 'nothing'}", whole)


def _short(text: str) -> str:
    first = " ".join(text.split())
    return first if len(first) <= 100 else f"{first[:99]}…"

"""Which grammar reads which programming language.

A row of `GRAMMARS` says all that is particular to a language. The grammars are an optional extra (`code`); without
it this module imports, and refuses to parse with the reason `missing_extra:code`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Tree

MOST_BYTES = 262_144
MOST_NODES = 200_000
"""Sources longer than this, or with more nodes in their syntax tree, are refused."""

MOST_OPERATORS = 500
"""Statements with more operators and calls are refused: an error at the end of a long chain costs its square."""

_CHUNK = 4096
_READ_AGAIN = 4
_BYTES_A_STEP = 50
"""Sound sources are read less than twice, and take a hundred steps of the parser for more than a hundred bytes."""


class Refusal(StrEnum):
    """Why a source stays as it is."""

    MISSING_EXTRA = "missing_extra:code"
    UNKNOWN_LANGUAGE = "unknown_language"
    PARSE_ERRORS = "parse_errors"
    NOT_SHORTER = "not_shorter"
    TOO_LARGE = "too_large"


class RefusedError(Exception):
    """A source that cannot be worked on, with the reason."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


Inside = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """What is particular to a language.

    `names` are its names in fences and shebangs, `extensions` those of its files. `signs` is a pattern of how lines
    begin that are typical of it; `inside` are patterns of what stands anywhere in such lines, each after a text that
    is part of it and quickly looked for. `functions` are the kinds of nodes that have a name and a body; `bindings`
    those that give a name to a function: kind, field of the name, field of the function. `placeholder` stands for a
    body left out; `docstrings` says that strings as statements are documentation, `lines_end` that a line's end can
    end a statement.
    """

    name: str
    module: str
    names: tuple[str, ...]
    extensions: tuple[str, ...]
    signs: str
    functions: frozenset[str]
    inside: Inside = ()
    bindings: tuple[tuple[str, str, str], ...] = ()
    placeholder: str = "/* {} */"
    docstrings: bool = False
    lines_end: bool = True
    factory: str = "language"


_C_SIGNS = (
    r"#(?:include [<\"]|define |if|endif|undef |pragma )|typedef |extern |static (?:inline|const|void|int|char) "
    r"|(?:void|int|char|unsigned|size_t|double|struct \w+) \**\w+\(.*[{;,)]$"
)
_C_FUNCTIONS = frozenset({"function_definition"})
_SCRIPT_SIGNS = (
    r"(?:export )?(?:default )?(?:async )?function\b.*\{$|['\"]use strict['\"]"
    r"|(?:export |declare )?(?:const|let|var) (?:\w+|[{\[].*[}\]]) = "
    r"|(?:import|export) .* from ['\"]|(?:module\.)?exports\b"
)
_SCRIPT_INSIDE: Inside = (("=> {", r"=> \{$"), ("require(", r"\brequire\(['\"]"))
_TYPED_SIGNS = _SCRIPT_SIGNS + r"|(?:export |declare )*(?:interface|type|enum|namespace|abstract class) \w|import type "
_TYPED_INSIDE = (*_SCRIPT_INSIDE, ("): ", r"\): [\w<>\[\]| ]+ \{$"))
_SCRIPT_FUNCTIONS = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "generator_function",
        "method_definition",
    }
)
_SCRIPT_BINDINGS = (
    ("variable_declarator", "name", "value"),
    ("assignment_expression", "left", "right"),
    ("pair", "key", "value"),
    ("field_definition", "property", "value"),
    ("public_field_definition", "name", "value"),
)

GRAMMARS: tuple[Grammar, ...] = (
    Grammar(
        name="python",
        module="tree_sitter_python",
        names=("python", "py", "pypy", "pyi"),
        extensions=("py", "pyi", "pyw"),
        signs=(
            r"(?:async )?def \w+\(|class \w+.*:$|from [\w.]+ import |import [\w.]+(?: as \w+)?$"
            r"|(?:if|elif|for|while) .*:$|(?:else|try|finally):$|except\b.*:$|with .* as \w+:$|@\w[\w.]*(?:\(.*\))?$"
            r"|raise \w+\("
        ),
        functions=frozenset({"function_definition"}),
        placeholder="...  # {}",
        docstrings=True,
    ),
    Grammar(
        name="javascript",
        module="tree_sitter_javascript",
        names=("javascript", "js", "jsx", "mjs", "cjs", "node", "nodejs"),
        extensions=("js", "mjs", "cjs", "jsx"),
        signs=_SCRIPT_SIGNS,
        inside=_SCRIPT_INSIDE,
        functions=_SCRIPT_FUNCTIONS,
        bindings=_SCRIPT_BINDINGS,
    ),
    Grammar(
        name="typescript",
        module="tree_sitter_typescript",
        names=("typescript", "ts", "mts", "cts", "deno"),
        extensions=("ts", "mts", "cts"),
        signs=_TYPED_SIGNS,
        inside=_TYPED_INSIDE,
        functions=_SCRIPT_FUNCTIONS,
        bindings=_SCRIPT_BINDINGS,
        factory="language_typescript",
    ),
    Grammar(
        name="tsx",
        module="tree_sitter_typescript",
        names=("tsx",),
        extensions=("tsx",),
        signs=_TYPED_SIGNS,
        inside=_TYPED_INSIDE,
        functions=_SCRIPT_FUNCTIONS,
        bindings=_SCRIPT_BINDINGS,
        factory="language_tsx",
    ),
    Grammar(
        name="go",
        module="tree_sitter_go",
        names=("go", "golang"),
        extensions=("go",),
        signs=(
            r"package \w+$|func (?:\(|\w+[(\[]).*\{$|type \w+ (?:struct|interface|func)\b|import (?:\($|\")|defer \w"
            r"|\w+(?:, \w+)* := |if .*err != nil \{$"
        ),
        functions=frozenset({"function_declaration", "method_declaration"}),
    ),
    Grammar(
        name="rust",
        module="tree_sitter_rust",
        names=("rust", "rs"),
        extensions=("rs",),
        signs=(
            r"(?:pub(?:\(\w+\))? )?(?:const |async |unsafe )*(?:fn \w|struct \w+.*[{;(]$|enum \w.*\{$|trait \w"
            r"|mod \w+[ ;])|impl\b.*\{$|(?:pub )?use [\w:]+.*[;{]$|let (?:mut )?\w.*;$|#!?\[\w|match .*\{$|macro_rules!"
        ),
        lines_end=False,
        functions=frozenset({"function_item"}),
    ),
    Grammar(
        name="java",
        module="tree_sitter_java",
        names=("java",),
        extensions=("java",),
        signs=(
            r"package [\w.]+;|import (?:static )?[\w.]+(?:\.\*)?;|@(?:Override|Deprecated|Test|SuppressWarnings)\b"
            r"|(?:public|private|protected)\b.*(?:[{;,]|throws .*)$|(?:abstract |final )*(?:class|interface|enum) \w"
        ),
        lines_end=False,
        functions=frozenset({"method_declaration", "constructor_declaration", "compact_constructor_declaration"}),
    ),
    Grammar(
        name="c",
        module="tree_sitter_c",
        names=("c", "h"),
        extensions=("c",),
        signs=_C_SIGNS,
        lines_end=False,
        functions=_C_FUNCTIONS,
    ),
    Grammar(
        name="cpp",
        module="tree_sitter_cpp",
        names=("cpp", "c++", "cc", "cxx", "hpp"),
        extensions=("cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx"),
        signs=_C_SIGNS
        + r"|namespace\b.*\{$|template ?<|class \w+.*[{;]$|using (?:namespace )?\w.*;$|(?:public|private|protected):$",
        inside=(("std::", r"\bstd::"), ("::", r"\w::~?\w+\(")),
        lines_end=False,
        functions=_C_FUNCTIONS,
    ),
    Grammar(
        name="csharp",
        module="tree_sitter_c_sharp",
        names=("csharp", "cs", "c#"),
        extensions=("cs",),
        signs=(
            r"using (?:static )?[\w.]+;|namespace [\w.]+[;{]?$|(?:public|private|protected|internal)\b.*[\w{;,)>]$"
            r"|\[\w+(?:\(.*\))?\]$|#(?:region|endregion|nullable)|var \w+ = .*;$"
        ),
        inside=(("{ get;", r"\{ get;"),),
        lines_end=False,
        functions=frozenset(
            {
                "method_declaration",
                "constructor_declaration",
                "destructor_declaration",
                "operator_declaration",
                "local_function_statement",
            }
        ),
    ),
    Grammar(
        name="ruby",
        module="tree_sitter_ruby",
        names=("ruby", "rb", "jruby"),
        extensions=("rb", "rake", "gemspec"),
        signs=(
            r"def (?:self\.)?\w+[?!=]?(?:\(.*\))?$|end$|require(?:_relative)? ['\"]|module [A-Z]\w*$"
            r"|class [A-Z][\w:]*(?: < [\w:]+)?$|attr_(?:reader|writer|accessor) |include [A-Z]|unless "
        ),
        inside=((" do", r" do(?: \|.*\|)?$"),),
        functions=frozenset({"method", "singleton_method"}),
        placeholder="# {}",
    ),
    Grammar(
        name="php",
        module="tree_sitter_php",
        names=("php",),
        extensions=("php", "phtml"),
        signs=r"<\?php|namespace [\w\\]+;|use [\w\\]+;|\$\w+ = .*;$|(?:public|private|protected) (?:static )?function ",
        functions=frozenset({"function_definition", "method_declaration"}),
        factory="language_php",
    ),
    Grammar(
        name="bash",
        module="tree_sitter_bash",
        names=("bash", "sh", "shell", "dash", "ksh"),
        extensions=("sh", "bash"),
        signs=(
            r"(?:fi|done|esac|then)$|(?:if|elif|while) .*; (?:then|do)$|for \w+ in .*; do$|case .* in$|\w+ ?\(\) ?\{$"
            r"|(?:export|local|readonly) \w+=|set -[a-z]|echo \"|\[\[ "
        ),
        functions=frozenset({"function_definition"}),
        placeholder=":  # {}",
    ),
)

BY_NAME = {name: grammar for grammar in GRAMMARS for name in (grammar.name, *grammar.names)}
"""The rows by all the names of their languages, as they stand in fences and shebangs."""
_OPERATOR = re.compile(rb"[<=>?&|]+|[(\[]")
_STATEMENT_END = re.compile(rb"[;{}]")
_STATEMENT_END_OR_LINE = re.compile(rb"[;{}\n]")


@cache
def is_available(language: str) -> bool:
    """Say whether the grammar of a language is installed."""
    grammar = grammar_of(language)
    try:
        _loaded(grammar.module, grammar.factory)
    except ImportError:
        return False
    return True


def grammar_of(language: str | None) -> Grammar:
    """Return the row of a language by any of its names. Raises RefusedError if there is none."""
    grammar = BY_NAME.get(language) if language else None
    if grammar is None:
        raise RefusedError(Refusal.UNKNOWN_LANGUAGE)
    return grammar


def parsed(source: bytes, grammar: Grammar, check: Callable[[], None] = lambda: None) -> Tree:
    """Return the syntax tree of a source (UTF-8; any bytes are taken).

    Steps and reading are bounded by the length of the source; `check` is called now and then and may raise. Memory is
    not: recovery from errors can take its square, so that text of unknown origin is parsed best in a process of its own
    with a limit. Raises RefusedError (`missing_extra:code`, `too_large`).
    """
    if len(source) > MOST_BYTES or _most_operators(source, grammar) > MOST_OPERATORS:
        raise RefusedError(Refusal.TOO_LARGE)
    try:
        parser, language = import_module("tree_sitter").Parser, _loaded(grammar.module, grammar.factory)
    except ImportError:
        raise RefusedError(Refusal.MISSING_EXTRA) from None
    work = _Work(source, check)
    try:
        tree: Tree = parser(language).parse(work.read, progress_callback=work.step)
    except ValueError:  # what the parser raises when it has been told to stop
        if not work.is_spent:
            raise
        raise RefusedError(Refusal.TOO_LARGE) from None
    if tree.root_node.descendant_count > MOST_NODES:
        raise RefusedError(Refusal.TOO_LARGE)
    return tree


def _most_operators(source: bytes, grammar: Grammar) -> int:
    """Return the number of operators and opening brackets in the statement that has most of them."""
    statements = (_STATEMENT_END_OR_LINE if grammar.lines_end else _STATEMENT_END).split(source)
    return max(len(_OPERATOR.findall(one)) if len(one) > MOST_OPERATORS else 0 for one in statements)


class _Work:
    """Hands a source to the parser in chunks and counts what the parser does: bytes read, hundreds of steps."""

    def __init__(self, source: bytes, check: Callable[[], None]) -> None:
        self._source, self._check = source, check
        self._bytes_left = _READ_AGAIN * len(source) + 100_000
        self._steps_left = len(source) // _BYTES_A_STEP + 200

    def read(self, offset: int, _point: object) -> bytes:
        """Return the bytes from the offset on."""
        chunk = self._source[offset : offset + _CHUNK]
        self._bytes_left -= len(chunk)
        return chunk

    def step(self, _offset: int, _has_error: object) -> bool:
        """Count a hundred steps and say whether the parser is to stop."""
        self._check()
        self._steps_left -= 1
        return self.is_spent

    @property
    def is_spent(self) -> bool:
        """Say whether the parser has done more than a source of this length is worth."""
        return min(self._bytes_left, self._steps_left) < 0


@cache
def _loaded(module: str, factory: str) -> Language:
    language: Language = import_module("tree_sitter").Language(getattr(import_module(module), factory)())
    return language

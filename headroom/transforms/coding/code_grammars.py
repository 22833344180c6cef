"""Which grammar reads which programming language, and how the language of a text is told.

A row of `GRAMMARS` says all that is particular to a language. The grammars are an optional extra (`code`); without
it this module imports, tells languages apart, and refuses to parse with the reason `missing_extra:code`.
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

MOST_BYTES = 1_000_000
MOST_NODES = 500_000
"""Sources longer than this, or with more nodes in their syntax tree, are refused."""

MOST_OPERATORS = 500
"""Statements with more operators and calls are refused: an error at the end of a long chain costs its square."""

_CHUNK = 4096
_LEAST_SIGNS = 3
_SIGNS_SHARE = 0.08
_LINES_LOOKED_AT = 2000
_LONGEST_LOOKED_AT = 200


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


@dataclass(frozen=True, slots=True)
class Grammar:
    """What is particular to a language.

    `names` are its names in fences and shebangs, `extensions` those of its files, `signs` a pattern of lines that are
    typical of it. `functions` are the kinds of nodes that have a name and a body; `bindings` those that give a name to
    a function: kind, field of the name, field of the function. `placeholder` stands for a body left out; `docstrings`
    says that strings as statements are documentation, `lines_end` that a line's end can end a statement.
    """

    name: str
    module: str
    names: tuple[str, ...]
    extensions: tuple[str, ...]
    signs: str
    functions: frozenset[str]
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
    r"(?:export )?(?:default )?(?:async )?function\b.*\{$|['\"]use strict['\"]|.*=> \{$"
    r"|(?:export |declare )?(?:const|let|var) (?:\w+|[{\[].*[}\]]) = |.*\brequire\(['\"]"
    r"|(?:import|export) .* from ['\"]|(?:module\.)?exports\b"
)
_TYPED_SIGNS = (
    r"|(?:export |declare )*(?:interface|type|enum|namespace|abstract class) \w|import type "
    r"|.*\): [\w<>\[\]| ]+ \{$"
)
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
        functions=_SCRIPT_FUNCTIONS,
        bindings=_SCRIPT_BINDINGS,
    ),
    Grammar(
        name="typescript",
        module="tree_sitter_typescript",
        names=("typescript", "ts", "mts", "cts", "deno"),
        extensions=("ts", "mts", "cts"),
        signs=_SCRIPT_SIGNS + _TYPED_SIGNS,
        functions=_SCRIPT_FUNCTIONS,
        bindings=_SCRIPT_BINDINGS,
        factory="language_typescript",
    ),
    Grammar(
        name="tsx",
        module="tree_sitter_typescript",
        names=("tsx",),
        extensions=("tsx",),
        signs=_SCRIPT_SIGNS + _TYPED_SIGNS,
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
        + r"|namespace\b.*\{$|template ?<|class \w+.*[{;]$|using (?:namespace )?\w.*;$|(?:public|private|protected):$"
        + r"|.*\bstd::|.*\w::~?\w+\(",
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
            r"|\[\w+(?:\(.*\))?\]$|#(?:region|endregion|nullable)|.*\{ get;|var \w+ = .*;$"
        ),
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
            r"|class [A-Z][\w:]*(?: < [\w:]+)?$|attr_(?:reader|writer|accessor) |include [A-Z]|.* do(?: \|.*\|)?$"
            r"|unless "
        ),
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

_BY_NAME = {name: grammar for grammar in GRAMMARS for name in (grammar.name, *grammar.names)}
_BY_EXTENSION = {extension: grammar.name for grammar in GRAMMARS for extension in grammar.extensions}
_SIGNS = {grammar.name: re.compile(grammar.signs) for grammar in GRAMMARS}
_NEITHER_PATH_NOR_NAME = re.compile(r"[^\w./\\+~@-]+")
_COMMENT_LINE = re.compile(r"(?:[*#]+|/[*/]+)(?:\s|$)")
_OPERATOR = re.compile(rb"[<=>?&|]+|[(\[]")
_STATEMENT_END = re.compile(rb"[;{}]")
_STATEMENT_END_OR_LINE = re.compile(rb"[;{}\n]")
_INFO_WORD = re.compile(r"[\w+#]+")


def language_of(text: str, arguments: str = "", fence: str = "") -> str | None:
    """Return the name of the language that a text is in, or None.

    `fence` is the info string of the fence around it and decides. `arguments` are those of the call that printed it:
    a file named there decides only if the text has lines typical of its language, since a script's name may as well
    stand above its output. Else the first line tells, or the language that most lines are typical of. The answer is a
    guess until the text has been parsed.
    """
    info = _INFO_WORD.search(fence.lower())
    if info is not None:
        return _name(info[0])
    lines = _lines_of_code(text)
    named = _by_file_name(arguments)
    if named and _typical(lines, named) >= _LEAST_SIGNS:
        return named
    return _by_first_line(text) or _by_signs(lines)


def grammar_of(language: str | None) -> Grammar:
    """Return the row of a language by any of its names. Raises RefusedError if there is none."""
    grammar = _BY_NAME.get(language) if language else None
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
        self._bytes_left = 8 * len(source) + 1_000_000
        self._steps_left = len(source) // 8 + 1_000

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


def _name(word: str) -> str | None:
    grammar = _BY_NAME.get(word) or _BY_NAME.get(word.rstrip("0123456789."))
    return grammar.name if grammar else None


def _by_file_name(arguments: str) -> str | None:
    """Return the language of the files named, if all are of one."""
    words = _NEITHER_PATH_NOR_NAME.split(arguments)
    named = {_BY_EXTENSION.get(word.rpartition(".")[2].lower()) for word in words if "." in word} - {None}
    return named.pop() if len(named) == 1 else None


def _by_first_line(text: str) -> str | None:
    first = text[:_LONGEST_LOOKED_AT].partition("\n")[0].strip()
    if first.startswith("<?php"):
        return "php"
    if not first.startswith("#!"):
        return None
    words = [word.rpartition("/")[2] for word in first[2:].split()]
    return next((name for word in words if (name := _name(word))), None)


def _lines_of_code(text: str) -> list[str]:
    """Return the beginnings of the first lines, without blank ones and those that look like comments."""
    heads = (line[:_LONGEST_LOOKED_AT].strip() for line in text.split("\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT])
    return [head for head in heads if head and not _COMMENT_LINE.match(head)]


def _typical(lines: list[str], language: str) -> int:
    """Return how many of the lines are typical of a language."""
    return sum(1 for line in lines if _SIGNS[language].match(line))


def _by_signs(lines: list[str]) -> str | None:
    """Return the language that most lines are typical of, the plainer of two that share them; None if too few are."""
    counts = {language: _typical(lines, language) for language in _SIGNS}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= max(_LEAST_SIGNS, _SIGNS_SHARE * len(lines)) else None

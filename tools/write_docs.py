"""Write the pages of the docs that are made from code.

usage: write_docs.py [--check]

With --check nothing is written; the exit status says whether the pages are current.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from headroom import compress
from headroom.proxy.config import ProxyConfig

DOCS = Path(__file__).parents[1] / "docs"
_LINES = 14
_WIDTH = 160

_OPTIONS = """# Options

Every option is one field of `ProxyConfig`. It is set in code (`ProxyConfig(port=9000)`), by its environment variable,
or as a flag of `headroom proxy` (`--port 9000`). This page is written by `make docs`.

| field | environment | default | what it does |
|---|---|---|---|
"""


def options_page() -> str:
    """Return the table of options."""
    rows = [_row(name, field) for name, field in ProxyConfig.model_fields.items()]
    return _OPTIONS + "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    shown = "" if field.exclude or default in ((), {}, [], None) else f"`{default}`"
    allowed = [str(one) for one in get_args(field.annotation) if isinstance(one, str)]
    text = f"{field.description}{' One of: ' + ', '.join(allowed) + '.' if allowed else ''}"
    return f"| `{name}` | {_environment(name, field)} | {shown} | {text} |"


def _environment(name: str, field: FieldInfo) -> str:
    if field.exclude:
        return "in code only"
    choices = getattr(field.validation_alias, "choices", [f"HEADROOM_{name.upper()}"])
    return ", ".join(f"`{one}`" for one in choices if isinstance(one, str) and one.isupper())


_FORMS = """# Forms

What each kind of tool output looks like before and after, in the default tier. The texts are made by
`tests/support/samples.py`; only their beginnings are shown. This page is written by `make docs`, tokens included.
"""


def forms_page() -> str:
    """Return a before and after of every kind of text that has a sample."""
    sys.path.insert(0, str(DOCS.parent / "tests"))
    samples = import_module("support.samples")
    return _FORMS + "".join(_form(kind, samples.sample(kind)) for kind in samples.SAMPLES)


def _form(kind: str, text: str) -> str:
    result = compress([{"role": "tool", "content": text}], "gpt-4o")
    decision = result.decisions[0]
    title = f"## {kind.replace('_', ' ')}"
    saved = f"`{decision.encoding}`: {decision.tokens_before} tokens before, {decision.tokens_after} after."
    shown = (_beginning(text), _beginning(result.messages[0]["content"]))
    return f"\n{title}\n\n{saved}\n\n" + "\n".join(f"````text\n{part}\n````\n" for part in shown)


def _beginning(text: str) -> str:
    lines = [line if len(line) <= _WIDTH else line[:_WIDTH] + " (cut here)" for line in text.split("\n")]
    return "\n".join(lines[:_LINES]) + (f"\n({len(lines) - _LINES} more lines)" if len(lines) > _LINES else "")


PAGES = {"options.md": options_page, "forms.md": forms_page}


def main(arguments: list[str]) -> int:
    """Write or check the pages."""
    stale = 0
    for name, make in PAGES.items():
        page, text = DOCS / name, make()
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--check" in arguments:
            print(f"{page.name} is not current: run `make docs`")
        else:
            page.write_text(text, encoding="utf-8")
    return stale if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

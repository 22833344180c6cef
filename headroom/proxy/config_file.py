"""Options from a TOML file: keys are the names of the fields. Flags, code and environment win over it.

Names that are no option are refused, here and in the environment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from headroom.errors import ConfigError

KEY = "config"
"""Name of the option that names the file."""
PREFIX = "HEADROOM_"
"""Beginning of the variables of the environment that set options."""
_ALIKE = 0.87
"""Names that share so much are one name misspelt."""


class ConfigFile(PydanticBaseSettingsSource):
    """The last source before the defaults: the file that one of the sources before has named."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the form of a source
        """Return nothing: the file is read as a whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what the file says of fields that no source before has set. Raises `ConfigError`."""
        fields = self.settings_cls.model_fields
        given = {name.lower() for name in self.current_state}
        named = [value for name, value in self.current_state.items() if name.lower() in _names(KEY, fields[KEY])]
        if not named or not named[0]:
            return {}
        path = Path(named[0])
        written = _read(path)
        _check(written, path, fields)
        return {name: value for name, value in written.items() if not _names(name, fields[name]) & given}


def _names(name: str, field: FieldInfo) -> set[str]:
    """Return the names under which a source may give a field; several of them may name one field."""
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return {name, *(one.lower() for one in choices if isinstance(one, str))}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the configuration {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"the configuration {path} is no TOML: {error}") from error


def _check(written: Mapping[str, Any], path: Path, fields: Mapping[str, FieldInfo]) -> None:
    """Refuse keys that name no option, with the one that may have been meant."""
    known = [name for name, field in fields.items() if not field.exclude and name != KEY]
    for name in written:
        if name not in known:
            meant = get_close_matches(name.replace("-", "_"), known, 1)
            hint = f"; did you mean {meant[0]!r}?" if meant else ""
            raise ConfigError(f"the configuration {path} has a key {name!r}, which is no option{hint}")


def check_names(environment: Mapping[str, str], fields: Mapping[str, FieldInfo]) -> None:
    """Refuse a variable whose name is nearly that of an option: a token that is misspelt would protect nothing.

    Names that are like none may be somebody else's: Kubernetes sets some for a service named headroom.
    """
    known = {option.upper() for name, field in fields.items() for option in _variables(name, field)}
    for name in sorted(one for one in environment if one.upper().startswith(PREFIX) and one.upper() not in known):
        if meant := _nearest(name.upper(), frozenset(known)):
            raise ConfigError(f"the variable {name} is no option; did you mean {meant}?")


def _variables(name: str, field: FieldInfo) -> set[str]:
    return {PREFIX + name, *_names(name, field)}


@lru_cache(maxsize=64)
def _nearest(name: str, known: frozenset[str]) -> str:
    return next(iter(get_close_matches(name, sorted(known), 1, _ALIKE)), "")

"""A function's signature read once: its parameters, and the struct that decodes them."""

import inspect
import itertools
import re
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec

from isaacd.command.markers import Argument, Marker, Option, Words
from isaacd.command.types import decode_hook, take_apart, untellable
from isaacd.context import Context, Meta
from isaacd.errors import PluginFailed

META_FIELD = "meta_"
META_KEY = "_meta"
# Every command has these on the command line.
COMMON_OPTIONS = frozenset({"help", "json", "set"})
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_SHORT = re.compile(r"[a-zA-Z0-9]\Z")
_COMMON_SHORT = "h"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a command; `name` is what callers write, `field` what the function calls it.

    `inner` is the type without None and list; `many` says that there was a list, `optional` that there was a None.
    """

    field: str
    name: str
    type: Any
    inner: Any
    marker: Marker
    required: bool
    default: Any = None
    many: bool = False
    optional: bool = False
    keyword_only: bool = False

    @property
    def positional(self) -> bool:
        """Whether a command line gives it by place."""
        if isinstance(self.marker, Argument | Words):
            return True
        return self.required and not isinstance(self.marker, Option) and (self.inner is not bool or self.many)

    @property
    def rest(self) -> bool:
        """Whether it takes everything on a command line that has no other place."""
        return self.positional and (self.many or isinstance(self.marker, Words))

    @property
    def flag(self) -> str:
        """How a command line writes it as an option."""
        return f"--{self.name.replace('_', '-')}"


class Signature(msgspec.Struct, frozen=True):
    """The parameters of a command, the struct that decodes them, and the type that it returns."""

    parameters: tuple[Parameter, ...]
    struct: type[msgspec.Struct]
    returns: Any


def read_signature(function: Callable[..., Any], *, lenient: bool = False) -> Signature:
    """Read `function`, whose first parameter is the context; `lenient` ignores unknown arguments in calls.

    Raises PluginFailed with the names of the function and the parameter that cannot be offered to callers.
    """
    name = getattr(function, "__qualname__", repr(function))
    where = f"{getattr(function, '__module__', '?')}.{name}"
    try:
        hints = get_type_hints(function, include_extras=True)
        found = list(inspect.signature(function).parameters.values())
    except Exception as error:
        raise PluginFailed(f"{where}: an annotation cannot be resolved: {error}") from error
    if not found or found[0].kind not in (found[0].POSITIONAL_ONLY, found[0].POSITIONAL_OR_KEYWORD):
        raise PluginFailed(f"{where}: the first parameter of a command must be `context: Context`")
    if hints.get(found[0].name, Context) is not Context:
        raise PluginFailed(f"{where}: the first parameter, `{found[0].name}`, must be a Context")
    parameters = tuple(_parameter(where, item, hints) for item in found[1:])
    _check_names(where, parameters)
    _check_places(where, [item for item in parameters if item.positional])
    struct = params_struct(name.rpartition(".")[2], parameters, strict=not lenient)
    return Signature(parameters, struct, hints.get("return", Any))


def _parameter(where: str, item: inspect.Parameter, hints: dict[str, Any]) -> Parameter:
    if item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD, item.POSITIONAL_ONLY):
        raise PluginFailed(f"{where}: `{item}` cannot be a command's parameter; give it a name of its own")
    if item.name not in hints:
        raise PluginFailed(f"{where}: the parameter `{item.name}` needs a type")
    kind = hints[item.name]
    anatomy = take_apart(kind)
    marker = anatomy.marker
    _check_type(where, item.name, kind)
    if isinstance(marker, Words) and (anatomy.inner is not str or anatomy.many):
        raise PluginFailed(f"{where}: the parameter `{item.name}` is Words, so its type must be str")
    required = item.default is inspect.Parameter.empty
    external = (marker.name if isinstance(marker, Option) else None) or item.name.rstrip("_")
    return Parameter(
        field=item.name,
        name=external.replace("-", "_"),
        type=kind,
        inner=anatomy.inner,
        marker=marker,
        required=required,
        default=None if required else item.default,
        many=anatomy.many,
        optional=anatomy.optional,
        keyword_only=item.kind is item.KEYWORD_ONLY,
    )


def _check_type(where: str, name: str, kind: Any) -> None:
    try:
        foreign: object = untellable(kind)
        if foreign is None:
            # msgspec looks at a type only when it makes a decoder; this costs microseconds.
            msgspec.json.Decoder(kind, dec_hook=decode_hook)
    except (TypeError, NameError) as error:
        foreign = error
    if foreign is not None:
        raise PluginFailed(
            f"{where}: the parameter `{name}` has a type that cannot be sent: {foreign}",
            hint="take str, int, float, bool, Path, Literal, an enum, a msgspec.Struct, or lists and dicts of those",
        )


def _check_names(where: str, parameters: tuple[Parameter, ...]) -> None:
    taken = {META_KEY: "the request's own `_meta`"}
    shorts = {_COMMON_SHORT: "`--help`"}
    for item in parameters:
        if item.name in taken or item.field == META_FIELD:
            other = taken.get(item.name, taken[META_KEY])
            raise PluginFailed(f"{where}: the parameter `{item.field}` has the same name as {other}")
        if not _NAME.match(item.name):
            raise PluginFailed(f"{where}: the parameter `{item.field}` needs a name of a-z, 0-9 and _")
        if not item.positional and item.name in COMMON_OPTIONS:
            raise PluginFailed(f"{where}: every command has {item.flag} already; rename `{item.field}`")
        taken[item.name] = f"`{item.field}`"
        short = item.marker.short if isinstance(item.marker, Option) else None
        if short is None:
            continue
        if not _SHORT.match(short):
            raise PluginFailed(
                f"{where}: `{item.field}` has the short form {short!r}; it must be one letter or digit"
            )
        if short in shorts:
            raise PluginFailed(f"{where}: `{item.field}` has the short form -{short}, as {shorts[short]} has")
        shorts[short] = f"`{item.field}`"


def _check_places(where: str, positional: list[Parameter]) -> None:
    """Make sure that a command line is unambiguous: required ones first, then optional ones, then one for the rest."""
    for before, item in itertools.pairwise(positional):
        if before.rest:
            raise PluginFailed(
                f"{where}: `{before.field}` takes all that follows, so `{item.field}` has no place"
            )
        if item.required and not before.required:
            raise PluginFailed(
                f"{where}: `{item.field}` is required, so it must come before `{before.field}`"
            )


def params_struct(
    name: str, parameters: tuple[Parameter, ...], *, strict: bool, meta: bool = True, array_like: bool = False
) -> type[msgspec.Struct]:
    """Return the struct that decodes named arguments, or positional ones (`array_like`); with `meta`, `_meta` too."""
    fields: list[Any] = []
    for item in parameters:
        if item.required:
            fields.append((item.field, item.type))
        elif isinstance(item.default, list | dict | set):
            fields.append((item.field, item.type, msgspec.field(default_factory=item.default.copy)))
        else:
            fields.append((item.field, item.type, item.default))
    rename = {item.field: item.name for item in parameters if item.field != item.name}
    if meta:
        fields.append((META_FIELD, Meta | None, None))
        rename[META_FIELD] = META_KEY
    return msgspec.defstruct(
        name.strip("_<>") or "params",
        fields,
        rename=rename,
        kw_only=True,
        frozen=True,
        array_like=array_like,
        forbid_unknown_fields=strict,
    )

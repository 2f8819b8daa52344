"""The arguments of a request, decoded once, whichever way they were written."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from isaacd.command.explain import explain, missing_argument, wrong_value
from isaacd.command.signature import META_FIELD, META_KEY, Signature, params_struct
from isaacd.command.types import decode_hook
from isaacd.context import NO_META, Meta
from isaacd.errors import InvalidParams
from isaacd.wire.messages import Format
from isaacd.wire.params import Shape, params_shape

# What msgspec raises for bytes that are not what they should be.
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# How a map of one key begins in MessagePack, and any object in JSON.
_ONE_KEY = (b"\x81", b"{")


class Call(msgspec.Struct, frozen=True, gc=False):
    """Decoded arguments, ready for the handler, and what the request said about itself."""

    args: Any
    meta: Meta


class _OnlyMeta(msgspec.Struct, rename={META_FIELD: META_KEY}):
    meta_: Meta


class _MaybeMeta(msgspec.Struct, rename={META_FIELD: META_KEY}):
    meta_: Meta | None = None


class _Wrapped(msgspec.Struct, array_like=True):
    named: _MaybeMeta


def meta_of(raw: msgspec.Raw, format: Format) -> Meta:  # noqa: A002 - the wire's word
    """Return what a request says about itself, whatever its arguments are; nothing, if they are no arguments."""
    decode: Any = msgspec.msgpack.decode if format == "msgpack" else msgspec.json.decode
    try:
        shape = params_shape(raw, format)
        if shape == "none":
            return NO_META
        if shape == "positional":
            last = decode(raw, type=list[msgspec.Raw])[-1]
            is_only = set(decode(last, type=dict[str, msgspec.Raw])) == {META_KEY}
            found = decode(last, type=_MaybeMeta) if is_only else None
        elif shape == "wrapped":
            found = decode(raw, type=_Wrapped).named
        else:
            found = decode(raw, type=_MaybeMeta)
    except (*_REFUSED, InvalidParams):
        return NO_META  # whoever decodes the arguments says what is wrong with them
    return (found.meta_ if found is not None else None) or NO_META


class _Decoders:
    """What decodes the arguments of one command from one format."""

    def __init__(self, signature: Signature, format: Format) -> None:  # noqa: A002 - the wire's word
        make: Any = msgspec.msgpack.Decoder if format == "msgpack" else msgspec.json.Decoder
        # `[{...}]` and `[]` in one step: how nearly all native requests come.
        wrapped = msgspec.defstruct(
            "Wrapped",
            [("named", signature.struct | msgspec.UnsetType, UNSET)],
            array_like=True,
            forbid_unknown_fields=True,
        )
        # The usual positional ones in one step; what it refuses is looked at one by one.
        positional = params_struct(
            "positional", signature.parameters, strict=True, meta=False, array_like=True
        )
        self.positional = make(positional, dec_hook=decode_hook).decode
        self.named = make(signature.struct, dec_hook=decode_hook).decode
        self.wrapped = make(wrapped, dec_hook=decode_hook).decode
        self.items = make(list[msgspec.Raw]).decode
        self.each = [make(item.type, dec_hook=decode_hook).decode for item in signature.parameters]
        self.keys = make(dict[str, msgspec.Raw]).decode
        self.only_meta = make(_OnlyMeta).decode


class Arguments:
    """Decodes what callers send for one command."""

    def __init__(self, command: str, signature: Signature) -> None:
        self._command = command
        self._signature = signature
        self._parameters = signature.parameters
        self._names = [item.name for item in signature.parameters]
        self._struct = signature.struct
        self._paths = tuple(item for item in signature.parameters if item.inner is Path)
        required = any(item.required for item in signature.parameters)
        self._empty = None if required else Call(signature.struct(), NO_META)
        self._decoders: dict[Format, _Decoders] = {}
        self._wrapped: Callable[[msgspec.Raw], Any] | None = None  # the most usual decoder

    def decode(self, raw: msgspec.Raw, format: Format) -> Call:  # noqa: A002
        """Decode the params of a request; raises InvalidParams and says which argument is wrong."""
        decode = self._wrapped if format == "msgpack" else None
        if decode is None:
            return self._decode(raw, format)
        try:
            args = decode(raw).named
        except _REFUSED:
            # Another shape, or something is wrong; which of the two is worth a closer look.
            return self._decode_by_shape(raw, format, self._decoders[format])
        if args is UNSET:
            return self._empty or self._without()
        meta = args.meta_
        return Call(args, NO_META) if meta is None else self._call(args, meta)

    def _decode(self, raw: msgspec.Raw, format: Format) -> Call:  # noqa: A002
        """Decode JSON, or the first arguments of a format."""
        decoders = self._decoders.get(format)
        if decoders is None:
            decoders = self._decoders[format] = _Decoders(self._signature, format)
        if format == "msgpack":
            self._wrapped = decoders.wrapped
            return self.decode(raw, format)
        try:
            args = decoders.named(raw)
        except _REFUSED:
            return self._decode_by_shape(raw, format, decoders)
        return self._call(args, args.meta_ or NO_META)

    def bind(self, values: Mapping[str, object], meta: Meta) -> Call:
        """Make a call of decoded values, by the names of the handler's own parameters."""
        return self._call(self._struct(**values), meta)

    def _decode_by_shape(self, raw: msgspec.Raw, format: Format, decoders: _Decoders) -> Call:  # noqa: A002
        shape: Shape = "none"
        try:
            shape = params_shape(raw, format)
            if shape == "none":
                return self._empty or self._without()
            if shape == "positional":
                if format == "msgpack" and META_KEY.encode() not in bytes(raw):
                    with suppress(*_REFUSED):
                        return self._call(decoders.positional(raw), NO_META)
                return self._decode_positional(decoders.items(raw), decoders)
            args = decoders.wrapped(raw).named if shape == "wrapped" else decoders.named(raw)
        except _REFUSED as error:
            raise explain(self._command, self._names, str(error), wrapped=shape == "wrapped") from None
        return self._call(args, args.meta_ or NO_META)

    def _decode_positional(self, items: list[msgspec.Raw], decoders: _Decoders) -> Call:
        meta = self._split_meta(items, decoders)
        if len(items) > len(self._parameters):
            takes = f"{len(self._parameters)} argument{'s' * (len(self._parameters) != 1)}"
            at_most = "" if all(item.required for item in self._parameters) else "at most "
            raise InvalidParams(f"{self._command} takes {at_most}{takes}, not {len(items)}")
        missing = [item.name for item in self._parameters[len(items) :] if item.required]
        if missing:
            raise missing_argument(self._command, missing)
        values = {}
        for parameter, decode, item in zip(self._parameters, decoders.each, items, strict=False):
            try:
                values[parameter.field] = decode(item)
            except _REFUSED as error:
                what, where = wrong_value(str(error))
                raise InvalidParams(f"{self._command}: {parameter.name}{where}: {what}") from None
        return self.bind(values, meta)

    def _split_meta(self, items: list[msgspec.Raw], decoders: _Decoders) -> Meta:
        """Take away a last map that holds nothing but `_meta`: such a one is no argument."""
        try:
            if bytes(memoryview(items[-1])[:1]) not in _ONE_KEY or set(decoders.keys(items[-1])) != {
                META_KEY
            }:
                return NO_META
        except _REFUSED:
            return NO_META
        try:
            meta: Meta = decoders.only_meta(items.pop()).meta_
        except _REFUSED as error:
            what, where = wrong_value(str(error))
            raise InvalidParams(f"{self._command}: {where.removeprefix('.')}: {what}") from None
        return meta

    def _without(self) -> Call:
        raise missing_argument(self._command, [item.name for item in self._parameters if item.required])

    def _call(self, args: Any, meta: Meta) -> Call:
        if self._paths and meta.cwd:
            args = self._absolute(args, Path(meta.cwd), (meta.env or {}).get("HOME"))
        return Call(args, meta)

    def _absolute(self, args: Any, cwd: Path, home: str | None) -> Any:
        """Lay paths over the caller's directory; `~` is the caller's home."""

        def absolute(path: Path) -> Path:
            if home and path.parts[:1] == ("~",):
                return Path(home, *path.parts[1:])
            return cwd / path

        changes: dict[str, Any] = {}
        for item in self._paths:
            value = getattr(args, item.field)
            if isinstance(value, Path):
                changes[item.field] = absolute(value)
            elif value:
                changes[item.field] = type(value)(absolute(path) for path in value)
        return msgspec.structs.replace(args, **changes) if changes else args

"""Code of other languages that certainly only computes and prints."""

import re

MAX_CODE = 2000
_PYTHON_MODULES = frozenset(
    "json math re datetime string itertools collections random time hashlib statistics decimal fractions textwrap uuid secrets platform "
    "functools calendar locale unicodedata zlib struct html base64 binascii colorsys cmath bisect heapq sysconfig this".split()
)
_PYTHON_NAMES = frozenset(
    "print len range sum min max abs round sorted reversed enumerate zip map filter any all int float str bool list dict set tuple bytes "
    "hex oct bin chr ord repr divmod pow isinstance iter next hash format complex frozenset bytearray slice sys True False None".split()
)
_PYTHON_SYS = frozenset(
    "version version_info path argv stdin stdout platform maxsize executable byteorder prefix".split()
)
# Modules that those above import are theirs to give away: `json.codecs`, `random.os`.
_GIVEN_AWAY = frozenset(
    "os codecs sys builtins subprocess modules socket open tofile decoder scanner shutil ctypes importlib io pathlib operator".split()
)
_WORDS = re.compile(r"[A-Za-z_]\w*")
_STRINGS = re.compile(r"\"(?:[^\"\\$@#]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_SUBSTITUTES = re.compile(
    r"\b(?:s([/|,#])(?:(?!\1)[^\\{]|\\.)*\1(?:(?!\1)[^\\{@]|\\.)*\1|(?:tr|y)/(?:[^/\\]|\\.)*/(?:[^/\\]|\\.)*/)[gimsx]*(?!\w)"
    r"|(?<![\w)\]}])\s*/(?:[^/\\{@]|\\.)*/[gimsx]*(?!\w)"
)
_SIGILS = re.compile(r"[$@%]\w+|\$[&/,;.0-9_]")
_LETTERS = frozenset("s i j k n m x y z a b c d e f l o p r t u v w F".split())
_KNOWN = {
    "perl": frozenset(
        "print say printf if unless for foreach while my split join lc uc length sprintf sort reverse keys values map grep push shift "
        "chomp ne eq lt gt le ge cmp and or not BEGIN END last next abs int sqrt rand substr index ucfirst lcfirst scalar localtime time ord chr hex oct".split()
    ),
    "ruby": frozenset(
        "puts print p printf if unless for while do end each map select sum min max sort reverse length size upcase downcase split join "
        "to_i to_s to_f times upto gsub sub chomp strip first last inject reduce rand Time now Math sqrt RUBY_VERSION nil true false and or not".split()
    ),
    "node": frozenset(
        "console log JSON stringify parse Math floor ceil round random max min abs sqrt pow PI E Date now toISOString getTime process version versions "
        "platform arch let const var for if else return new Array from map filter join split reverse length toString Number String parseInt parseFloat "
        "true false null undefined of in keys values Object Boolean isNaN".split()
    ),
    "php": frozenset("echo print print_r var_dump phpversion PHP_VERSION PHP_EOL date time strlen strtoupper strtolower count json_encode md5 sha1 rand pi sqrt round".split()),
    "lua": frozenset("print math floor sqrt pi string format upper lower len rep _VERSION for do end if then local tostring tonumber os clock time date".split()),
    "Rscript": frozenset("print cat mean sum median sd c seq length sqrt max min R version string paste".split()),
    "julia": frozenset("println print sum sqrt pi length VERSION round".split()),
}  # fmt: skip
_SAME = {"nodejs": "node", "bun": "node", "luajit": "lua"}


def is_innocent(language: str, code: str) -> bool:
    """Say whether all that a text of code names is known to leave everything as it is."""
    if len(code) > MAX_CODE:
        return False
    if language in ("python", "pypy", "ipython"):
        return _is_innocent_python(code)
    known = _KNOWN.get(_SAME.get(language, language))
    if known is None or "`" in code or "<" + "(" in code or "?{" in code or "eval" in code:
        return False
    rest = _STRINGS.sub(" ", code)
    if language == "perl":
        rest = _SUBSTITUTES.sub(" ", rest)
        if re.search(r"[|<]\s*[\"$@]|>\s*[\"$]|<\w*>", rest):
            return False
    rest = _SIGILS.sub(" ", rest)
    return all(word in known or word in _LETTERS for word in _WORDS.findall(rest))


def _is_innocent_python(code: str) -> bool:
    # Imported on demand, as few lines hold code.
    import ast

    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    made = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(item.name not in (*_PYTHON_MODULES, "sys") or item.asname for item in node.names):
                return False
            imported |= {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.module not in _PYTHON_MODULES or any(
                item.name.startswith("_") or item.name in _GIVEN_AWAY for item in node.names
            ):
                return False
            imported |= {item.asname or item.name for item in node.names}
        elif (
            isinstance(
                node,
                (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Delete, ast.Lambda, ast.Global),
            )
            or (
                isinstance(node, ast.Name)
                and node.id
                not in (
                    *made,
                    *_PYTHON_NAMES,
                    *imported,
                    *_PYTHON_MODULES,
                )
            )
            or (
                isinstance(node, ast.Attribute)
                and (node.attr.startswith("_") or not _is_innocent_attribute(node.value, node.attr))
            )
        ):
            return False
    return True


def _is_innocent_attribute(value: object, name: str) -> bool:
    import ast

    if isinstance(value, ast.Name) and value.id == "sys":
        return name in _PYTHON_SYS
    return name not in _GIVEN_AWAY

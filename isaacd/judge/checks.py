"""What a rule can ask of the text that a command is given, where no option tells; every check is one pass."""

import re
from collections.abc import Callable

from isaacd.judge.arguments import Arguments

_LISTING = frozenset(("\\l", "\\l+", "\\list", "\\list+", "\\lo_list", "\\conninfo"))
_READS = frozenset(
    (
        "select",
        "show",
        "explain",
        "describe",
        "desc",
        "with",
        "pragma",
        "use",
        "help",
        "values",
        "table",
        "\\d",
    )
)
_DESTROYS = frozenset(("drop", "truncate", "flushall", "flushdb", "purge", "shutdown"))
_WRITES = frozenset(
    "insert update delete drop truncate alter create replace merge grant revoke call do copy load attach vacuum into "
    "lock set execute exec import rename begin commit outfile dumpfile lo_export pg_terminate_backend pg_read_file".split()
)


# What may stand before a parenthesis in a statement that only asks; other functions may do anything.
_CALL = re.compile(r"([a-z_][\w.$]*)\s*\(")
# A name in quotes or behind a comment may be that of any function; comments of MySQL may be run.
_HIDES_A_CALL = re.compile(r"[\"`\]]\s{0,20}\(|\*/\s{0,20}\(|--[^\n]{0,400}\n\s{0,20}\(|/\*[!+m]")
# What sqlite3 is asked behind a dot; others write files, load code or open other databases.
_ASKING_DOTS = frozenset(
    ".tables .schema .indexes .indices .databases .mode .headers .header .width .dump .show .stats .help .timer .fullschema .dbinfo "
    ".lint .nullvalue .separator .echo .eqp .explain .quit .exit .print .limit .version .timeout .changes .dbstat .columns .ver".split()
)
_HARMLESS_CALLS = frozenset(
    "abs age all and any array array_agg array_length as ascii avg between bool_and bool_or by cast ceil ceiling char_length chr coalesce "
    "concat concat_ws convert count cume_dist current_database current_schema current_setting current_user curdate curtime database date "
    "date_add date_format date_part date_sub date_trunc datediff day dayofweek decimal dense_rank distinct else exists exp explain extract "
    "filter first first_value floor format format_type from generate_series greatest group_concat having hex hour ifnull iif in in_ initcap instr "
    "interval is isnull join json_agg json_array_length json_build_object json_each json_extract json_extract_path_text json_group_array "
    "json_object json_type jsonb_array_elements jsonb_pretty julianday lag last last_value lateral lcase lead least left length like limit "
    "ln localtime log lower lpad ltrim max md5 min minute mod month not now ntile nullif numeric obj_description on or order over overlaps "
    "partition percent_rank percentile_cont percentile_disc pg_backend_pid pg_column_size pg_database_size pg_get_functiondef pg_get_indexdef "
    "pg_get_viewdef pg_indexes_size pg_is_in_recovery pg_relation_size pg_size_pretty pg_table_size pg_total_relation_size position pow power "
    "pragma_table_info printf quarter quote random rank regexp_matches regexp_replace replace reverse right round row row_number row_to_json "
    "rpad rtrim schema second select sha1 sha2 sign some split_part sqlite_version sqrt std stddev str_to_date strftime string_agg strpos "
    "substr substring sum table then time timestamp timestampdiff to_char to_date to_json to_jsonb to_number to_timestamp total trim trunc "
    "typeof ucase unicode unix_timestamp unnest upper user using values var_pop var_samp varchar variance version week when where with "
    "within year zeroblob table_info table_xinfo table_list index_list index_info foreign_key_list database_list collation_list".split()
)


def sql_reads(arguments: Arguments) -> bool:
    """Say whether every statement that is given only asks, and calls nothing but what is known to."""
    statements = _statements(arguments)
    texts = [(text or "").lower() for text in _texts(arguments)]
    calls = [name for text in texts for name in _CALL.findall(text)]
    return (
        bool(statements)
        and not any(_HIDES_A_CALL.search(text) for text in texts)
        and all(name in _HARMLESS_CALLS for name in calls)
        and all(
            (
                words[0] in _READS
                or words[0].startswith("\\d")
                or words[0] in _LISTING
                or words[0] in _ASKING_DOTS
            )
            and not _WRITES & set(words)
            and (words[0].startswith("\\") or not any("\\" in word for word in words))
            and (words[0] != "pragma" or "=" not in "".join(words))
            for words in statements
        )
    )


def sql_destroys(arguments: Arguments) -> bool:
    """Say whether a statement drops or empties something, or deletes or changes every row."""
    for words in _statements(arguments):
        if words[0] in _DESTROYS or (words[0] == "alter" and "drop" in words):
            return True
        if words[0] in ("delete", "update") and "where" not in words:
            return True
    return False


def _statements(arguments: Arguments) -> list[list[str]]:
    found = []
    for text in _texts(arguments):
        for statement in (text or "").lower().replace("(", " ").replace(")", " ").split(";"):
            words = statement.replace(",", " ").split()
            if words and (len(words) > 1 or words[0][:1] in "\\." or words[0] in _DESTROYS):
                found.append(words)
    return found


def _texts(arguments: Arguments) -> list[str | None]:
    texts = [word.value for word in arguments.operands]
    for values in arguments.options.values():
        texts += [value if isinstance(value, str) or value is None else value.value for value in values]
    return texts


def sed_writes(arguments: Arguments) -> bool:
    """Say whether a script of sed could write a file or run a command: `w`, `W` and `e`, as commands and as flags."""
    scripts = [
        word.value if word is not None and not isinstance(word, str) else word
        for name in ("-e", "--expression")
        for word in arguments.value(name)
    ] or [word.value for word in arguments.operands[:1]]
    return any(script is None or _sed_script_writes(script) for script in scripts)


def _sed_script_writes(script: str) -> bool:
    index, count = 0, len(script)
    while index < count:
        char = script[index]
        if char in "sy" and index + 1 < count and script[index + 1] not in " \n;}":
            index = _after_delimited(script, index + 1, 2)
            start = index
            while index < count and script[index] not in ";\n}":
                index += 1
            if char == "s" and any(flag in "ew" for flag in script[start:index]):
                return True
        elif char == "/":
            index = _after_delimited(script, index, 1)
        elif char == "\\" and index + 1 < count:
            index = _after_delimited(script, index + 1, 1)
        elif char in "aicrR:btT":
            while index < count and script[index] != "\n" and not (char in "bt:T" and script[index] in ";}"):
                index += 1
        elif char in "wWe":
            return True
        else:
            index += 1
    return False


def _after_delimited(script: str, index: int, times: int) -> int:
    """Return where the text after `/.../` begins; `index` is at its first delimiter."""
    delimiter = script[index]
    index += 1
    while index < len(script) and times:
        if script[index] == "\\":
            index += 1
        elif script[index] == delimiter:
            times -= 1
        index += 1
    return index


def sets_tags(arguments: Arguments) -> bool:
    """Say whether exiftool is told to change something: `-TAG=value`, `-TAG<OTHER`, or how to go about it."""
    words = [*arguments.options, *(word.value or "" for word in arguments.operands)]
    valued = any(value for values in arguments.options.values() for value in values if value is not None)
    return valued or any(
        ("=" in word or "<" in word or word.startswith(("-overwrite", "-delete", "-restore", "-all")))
        and word.startswith("-")
        for word in words
    )


def destroys_data(arguments: Arguments) -> bool:
    """Say whether code for a document database drops or empties something."""
    text = " ".join(text or "" for text in _texts(arguments)).lower()
    return any(
        word in text for word in ("dropdatabase", ".drop(", "deletemany({})", "remove({})", "shutdownserver")
    )


def tar_lists(arguments: Arguments) -> bool:
    """Say whether the letters that tar is given first, without a dash, only ask it to list."""
    letters = arguments.operands[0].value if arguments.operands else None
    return letters is not None and "t" in letters and set(letters) <= set("tvfzjJZahR")


def packs_elsewhere(arguments: Arguments) -> bool:
    """Say whether tar or cpio would reach an archive by a shell on another machine: `host:archive`."""
    if arguments.has("--force-local", frozenset()):
        return False
    names = ("-f", "--file", "-F", "-I", "-O", "--archive")
    files = [
        word.value if word is not None and not isinstance(word, str) else word
        for name in names
        for word in arguments.value(name)
    ]
    first = arguments.operands[0].value if arguments.operands else None
    if first is not None and first.isalpha() and "f" in first:
        files += [word.value for word in arguments.operands[1:2]]
    return any(file is not None and ":" in file.partition("/")[0] for file in files)


def ar_lists(arguments: Arguments) -> bool:
    """Say whether the letters that ar is given first only ask it to list or print."""
    letters = arguments.operands[0].value if arguments.operands else None
    return letters is not None and letters[:1] in ("t", "p") and set(letters) <= set("tpvOPSV")


CHECKS: dict[str, Callable[[Arguments], bool]] = {
    "sql-reads": sql_reads,
    "sql-destroys": sql_destroys,
    "sed-writes": sed_writes,
    "destroys-data": destroys_data,
    "sets-tags": sets_tags,
    "tar-lists": tar_lists,
    "packs-elsewhere": packs_elsewhere,
    "ar-lists": ar_lists,
}

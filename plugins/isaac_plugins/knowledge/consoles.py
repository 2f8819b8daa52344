"""The commands of consoles that are not shells, explained like programs."""

from collections.abc import Mapping

from isaac_plugins.knowledge.programs import ADDRESS, NAME, NUMBER, Program

_TEXT = r"[\w./~@+:,%=-]+"

_METASPLOIT: Mapping[str, Program] = {
    "set": Program({2: "Sets the option {0} of the current module to {1}", 0: "Lists the options that are set for all modules"}, kinds=(NAME, _TEXT), no_help=True),
    "setg": Program({2: "Sets the option {0} to {1} for all modules"}, kinds=(NAME, _TEXT), no_help=True),
    "unset": Program({1: "Clears the option {0} of the current module"}, kinds=(NAME,), no_help=True),
    "show": Program(
        {}, no_help=True, special={
            "options": "Shows the options of the current module and their values", "payloads": "Lists the payloads that fit the current module",
            "exploits": "Lists all exploit modules", "targets": "Lists the kinds of targets that the current module knows", "auxiliary": "Lists all auxiliary modules",
            "info": "Shows what there is to know of the current module", "advanced": "Shows the advanced options of the current module", "encoders": "Lists the encoders",
            "missing": "Shows the options that are required and not set", "all": "Lists all modules", "post": "Lists all post-exploitation modules",
        },
    ),
    "use": Program({1: "Makes {0} the current module"}, kinds=(r"[\w./-]+",), no_help=True),
    "info": Program({0: "Shows what there is to know of the current module", 1: "Shows what there is to know of the module {0}"}, kinds=(r"[\w./-]+",), no_help=True),
    "search": Program({1: "Searches all modules for {0}", "many": "Searches all modules for {all}"}, kinds=(r"[\w.:/-]+",), no_help=True),
    "run": Program({0: "Runs the current module"}, {"-j": "in the background, as a job"}, no_help=True),
    "exploit": Program({0: "Runs the current exploit module"}, {"-j": "in the background, as a job", "-z": "without going into the session it opens"}, no_help=True),
    "check": Program({0: "Tries whether the target seems vulnerable to the current module, without exploiting it"}, no_help=True),
    "options": Program({0: "Shows the options of the current module and their values"}, no_help=True),
    "back": Program({0: "Leaves the current module"}, no_help=True),
    "help": Program({0: "Lists the commands of the console"}, no_help=True),
    "?": Program({0: "Lists the commands of the console"}, no_help=True),
    "banner": Program({0: "Prints a banner"}, no_help=True),
    "sessions": Program(
        {0: "Lists the open sessions", 1: "Goes into the session {0}"}, {"-l": "as a list", "-v": "with details"}, {"-i": (NUMBER, "or rather goes into the session {}"), "-u": (NUMBER, "or rather turns the session {} into a Meterpreter one"), "-k": (NUMBER, "or rather ends the session {}")},
        kinds=(NUMBER,), no_help=True,
    ),
    "jobs": Program({0: "Lists the jobs in the background"}, {"-l": "as a list", "-K": "or rather ends all of them"}, {"-k": (NUMBER, "or rather ends the job {}")}, no_help=True),
    "exit": Program({0: "Leaves the console"}, {"-y": "even if sessions are open"}, no_help=True),
    "quit": Program({0: "Leaves the console"}, no_help=True),
    "previous": Program({0: "Makes the module before this one the current one"}, no_help=True),
    "ping": Program({1: "Runs the program ping of this machine against {0}"}, kinds=(ADDRESS,), no_help=True),
}  # fmt: skip

CONSOLES: Mapping[str, Mapping[str, Program]] = {"msfconsole": _METASPLOIT}

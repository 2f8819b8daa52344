"""What the shell itself means by its words, and what pages of the manual say of no word in particular."""

OPERATORS = {
    "|": "what the command before prints is the input of the next",
    "|&": "what the command before prints, errors too, is the input of the next",
    "&&": "the next runs only if the one before succeeded",
    "||": "the next runs only if the one before failed",
    ";": "then, whatever came of the one before",
    "&": "the one before runs in the background",
    "!": "success counts as failure, and failure as success",
    "(": "what is in the brackets runs in a shell of its own",
    ")": "the end of that shell",
    "{": "the beginning of a group of commands",
    "}": "the end of the group",
}
KEYWORDS = {
    "if": "runs what follows `then` if this succeeds", "then": "what runs if the condition holds",
    "elif": "otherwise, if this succeeds", "else": "what runs otherwise", "fi": "the end of the `if`",
    "for": "runs its body once for each word", "while": "repeats its body as long as this succeeds",
    "until": "repeats its body until this succeeds", "do": "the beginning of the body", "done": "the end of the body",
    "case": "chooses by a pattern", "in": "what it goes through", "esac": "the end of the `case`",
}  # fmt: skip
REDIRECTS = {
    ">": "what it prints goes into {}, in place of what was in there",
    ">|": "what it prints goes into {}, in place of what was in there, even if that is forbidden",
    ">>": "what it prints is added to the end of {}",
    "<": "its input comes from {}",
    "<>": "{} is opened for reading and writing",
    "&>": "what it prints and its errors go into {}, in place of what was in there",
    ">&": "what it prints and its errors go into {}, in place of what was in there",
    "&>>": "what it prints and its errors are added to the end of {}",
    "<<<": "its input is this text",
    "<<": "its input is the text that follows, up to {}",
}
STREAMS = {0: "standard input", 1: "standard output", 2: "standard error"}
BUILTINS = {
    ".": "runs a file in this shell", "source": "runs a file in this shell", ":": "does nothing, successfully",
    "[": "tests a condition", "[[": "tests a condition", "alias": "gives a name to a line, or lists such names",
    "bg": "lets a stopped job go on in the background", "bind": "sets what keys do", "break": "leaves a loop",
    "builtin": "runs a command of the shell itself", "cd": "changes the directory of this shell",
    "command": "runs a command, leaving functions of that name aside", "continue": "begins the next turn of a loop",
    "declare": "makes a variable, with properties", "dirs": "shows the remembered directories",
    "disown": "lets go of a job, so that it outlives the shell", "echo": "prints its words", "enable": "switches builtins on or off",
    "eval": "runs its words as a line", "exec": "puts a program in place of this shell", "exit": "ends this shell",
    "export": "hands variables to the programs that are started", "false": "fails, and does nothing else",
    "fg": "brings a job to the foreground", "getopts": "reads options of a script", "hash": "remembers where programs are",
    "help": "explains builtins", "history": "shows the lines typed before", "jobs": "lists the jobs of this shell",
    "kill": "sends a signal to processes, by default one that asks them to end", "let": "calculates", "local": "makes a variable of a function",
    "logout": "ends a login shell", "mapfile": "reads lines into an array", "popd": "goes back to a remembered directory",
    "printf": "prints its words in a form", "pushd": "changes the directory and remembers the one before",
    "pwd": "prints the directory of this shell", "read": "reads a line into variables", "readonly": "makes variables constant",
    "return": "leaves a function", "set": "sets options of the shell, or its arguments", "shift": "drops the first argument",
    "shopt": "sets options of the shell", "test": "tests a condition", "times": "prints how much time was used",
    "trap": "runs a line when a signal comes", "true": "succeeds, and does nothing else", "type": "tells what a name would run",
    "typeset": "makes a variable, with properties", "ulimit": "limits what programs may use", "umask": "sets which rights new files do not get",
    "unalias": "forgets an alias", "unset": "forgets variables or functions", "wait": "waits for background jobs",
}  # fmt: skip
# Programs that many lines begin with, for machines that do not have their pages.
PROGRAMS = {
    "sudo": "runs the command behind it as root, or as another user",
    "doas": "runs the command behind it as root, or as another user",
}
# Whose options stand in the page of another name.
PAGES = {
    "perl": "perlrun",
    "pip3": "pip",
    "python": "python3",
    "vi": "vim",
    "egrep": "grep",
    "fgrep": "grep",
    "zcat": "gzip",
}
# What is not a tag in the page, or says there too little.
EXTRA = {
    "find": {
        "-o": "or: what follows is tried if what is before did not hold", "-or": "or", "-a": "and", "-and": "and",
        "!": "not: the next test must not hold", "-not": "not: the next test must not hold", "(": "the beginning of a group",
        ")": "the end of the group", "{}": "stands for the file that was found", ";": "the end of the command, run once for each file",
        "+": "the end of the command, run with many files at once",
    },
    "sudo": {
        "-u": "as this user", "-g": "with this group", "-i": "in a login shell", "-s": "in a shell", "-E": "keeps the environment",
        "-n": "does not ask for a password", "-H": "with the home directory of that user", "-S": "reads the password from standard input",
        "-k": "asks for the password again next time", "-l": "lists what may be run", "-v": "renews the time until it asks again",
        "-b": "in the background",
    },
    "doas": {"-u": "as this user", "-n": "does not ask for a password", "-s": "in a shell"},
    "xargs": {"{}": "stands for the word that was read"},
    "test": {
        "-f": "is there, and a regular file", "-d": "is there, and a directory", "-e": "is there", "-z": "is empty",
        "-n": "is not empty", "-r": "can be read", "-w": "can be written", "-x": "can be run", "-s": "is there, and not empty",
        "-L": "is a symbolic link", "-h": "is a symbolic link", "=": "is the same text", "==": "is the same text (or fits the pattern)",
        "!=": "is another text", "-eq": "is the same number", "-ne": "is another number", "-lt": "is less", "-le": "is less or equal",
        "-gt": "is more", "-ge": "is more or equal", "!": "not", "-a": "and", "-o": "or", "]": "the end of the test",
        "]]": "the end of the test", "&&": "and", "||": "or", "=~": "fits the regular expression", "-nt": "is newer than",
        "-ot": "is older than",
    },
    "echo": {"-n": "without a new line at the end", "-e": "with escapes such as \\n", "-E": "without escapes"},
    "cd": {"-": "the directory before this one", "-P": "links are followed", "-L": "links are kept"},
    "set": {
        "-e": "leave when a command fails", "-u": "unset variables are errors", "-x": "print each command before it runs",
        "-o": "the option with this name", "-f": "no globs", "-n": "read commands and run none",
    },
    "read": {"-r": "backslashes are kept", "-p": "with this prompt", "-s": "without echo", "-t": "with this patience in seconds", "-a": "into an array", "-d": "up to this character", "-n": "at most so many characters"},
    "export": {"-n": "no longer hand it on", "-p": "list them", "-f": "a function"},
    "kill": {"-l": "list the names of signals", "-s": "the signal to send"},
    "printf": {"-v": "into this variable"},
    "history": {"-c": "forget all of them"},
    "shopt": {"-s": "switch on", "-u": "switch off", "-q": "only the exit code"},
    "pwd": {"-P": "with links followed", "-L": "with links kept"},
    "command": {"-v": "tell what would run", "-V": "tell what would run, in words"},
    "ulimit": {"-n": "open files", "-a": "all limits", "-c": "size of core files"},
    "type": {"-a": "all of them", "-p": "the path only", "-t": "the kind only"},
}  # fmt: skip
EXTRA["["] = EXTRA["[["] = EXTRA["test"]
WITH_VALUE = {
    "read": "-p -t -a -d -n",
    "set": "-o",
    "kill": "-s",
    "printf": "-v",
    "sudo": "-u -g",
    "doas": "-u",
}
# Whose first words may be options without a hyphen.
OLD_STYLE = frozenset(("tar", "ps", "ar", "bsdtar"))
# Whose first operand is a command of theirs.
WITH_COMMANDS = frozenset(
    "apt apt-get apt-cache systemctl loginctl journalctl ip nmcli docker podman kubectl npm pip pip3 cargo brew snap flatpak "
    "service git hg svn dpkg-reconfigure update-alternatives openssl ufw tmux hostnamectl timedatectl busctl nft virsh".split()
)
# What subcommands may be called instead.
SHORT_NAMES = {
    "ip": {
        "a": "address",
        "addr": "address",
        "l": "link",
        "r": "route",
        "ro": "route",
        "n": "neighbour",
        "neigh": "neighbour",
    },
}
# Programs that begin at the line that `+N` says.
AT_LINE = frozenset("vim vi nvim less more nano emacs".split())
# What operands are, in order; the last stands for all further ones.
OPERANDS = {
    "grep": ("the pattern to look for", "where to look"), "egrep": ("the pattern to look for", "where to look"),
    "fgrep": ("the text to look for", "where to look"), "rg": ("the pattern to look for", "where to look"),
    "sed": ("the script", "a file to read"), "awk": ("the program", "a file to read"), "gawk": ("the program", "a file to read"),
    "mawk": ("the program", "a file to read"), "chmod": ("the rights to set", "whose rights change"),
    "chown": ("the new owner (and group)", "whose owner changes"), "chgrp": ("the new group", "whose group changes"),
    "find": ("where to begin",), "kill": ("the process",), "ln": ("what the link leads to", "the link"),
    "tr": ("the characters to replace", "what replaces them"), "cd": ("the directory to go to",), "mkdir": ("the directory to make",),
    "rmdir": ("the empty directory to remove",), "rm": ("what is removed",), "touch": ("what gets a new time, or is made",),
    "cat": ("a file to print",), "head": ("a file to read",), "tail": ("a file to read",), "less": ("a file to show",),
    "wc": ("a file to count in",), "sort": ("a file to sort",), "uniq": ("a file to read", "a file to write"), "man": ("the page",),
    "ssh": ("the host to log in to", "a part of what runs there"), "curl": ("the address to fetch",), "wget": ("the address to fetch",),
    "ping": ("the host",), "dig": ("the name to look up",), "ls": ("what is listed",), "du": ("what is measured",), "df": ("whose file system",),
    "basename": ("the path", "the ending to take off"), "dirname": ("the path",), "file": ("what is looked at",), "stat": ("what is looked at",),
    "which": ("the command to find",), "diff": ("the one side", "the other side"), "sleep": ("how long",), "seq": ("a number of the range",),
    "mount": ("what is mounted", "where"), "umount": ("what is unmounted",), "su": ("the user",), "useradd": ("the user",), "passwd": ("the user",),
    "gzip": ("what is packed",), "gunzip": ("what is unpacked",), "unzip": ("the archive", "what is taken out"), "zip": ("the archive", "what is packed"),
    "tee": ("a file to write as well",), "export": ("a variable",), "unset": ("a variable",), "source": ("the file", "an argument of it"), ".": ("the file", "an argument of it"),
    "echo": ("printed as it is",), "printf": ("the form", "what is put in"), "read": ("the variable",), "exit": ("the exit code",),
    "tar": ("what is packed or taken out",), "pkill": ("the pattern for names of processes",), "pgrep": ("the pattern for names of processes",), "killall": ("the name of the processes",),
    "test": ("what is tested",), "[": ("what is tested",), "[[": ("what is tested",), "expr": ("a part of the expression",), "type": ("a name",), "command": ("a command",),
    "rsync": ("where from, and at last where to",), "scp": ("where from, and at last where to",), "cp": ("what is copied",), "mv": ("what is moved",),
}  # fmt: skip
LAST_OPERAND = {
    "cp": "where the copy goes", "mv": "where it goes, or its new name", "rsync": "where it goes", "scp": "where it goes", "install": "where it goes",
}  # fmt: skip
SIGNALS = {
    "1": "HUP, as if the terminal had gone", "2": "INT, as Ctrl-C does", "3": "QUIT", "9": "KILL, which cannot be refused",
    "15": "TERM, which asks it to end", "18": "CONT, to go on", "19": "STOP, which cannot be refused",
    "HUP": "as if the terminal had gone", "INT": "as Ctrl-C does", "KILL": "which cannot be refused", "TERM": "which asks it to end",
    "STOP": "which cannot be refused", "CONT": "to go on", "USR1": "whose meaning is the program's own", "USR2": "whose meaning is the program's own",
}  # fmt: skip

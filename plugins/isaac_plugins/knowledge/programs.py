"""The programs whose command lines Isaac explains by itself: what they do, with how many operands, and their options.

A program is in here only with options and operands that mean one thing on every Linux. What is missing is asked of
somebody else, so a short list is better than a wrong one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NUMBER = r"[0-9]{1,9}"
FILE = r"[\w./~@+][\w./~@+ ()-]*"
ADDRESS = r"(?=.*[A-Za-z0-9])[A-Za-z0-9.:_-]+"
LOGIN = r"(?:[A-Za-z_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*"
NAME = r"[A-Za-z_][\w.+-]*"


@dataclass(frozen=True, slots=True)
class Program:
    """What a program does with 0, 1, 2 ... or `many` operands, and what each option adds.

    `kinds` are patterns that the operands must match, `values` options with a value: its pattern and its meaning.
    `special` are operands with a sentence of their own. `needs` must be in one of the operands, and `first_of_two`
    matches the first of exactly two. With `whole_words`, -abc is one option and not three. `helps` is whether --help
    prints help and does nothing else, `helps_h` the same of -h, `no_help` that neither does. What follows the first
    operand of a `verbatim` program belongs to that. `piped` has the forms for input that comes from another command.
    """

    forms: Mapping[int | str, str]
    flags: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    kinds: tuple[str, ...] = (FILE,)
    special: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    first_of_two: str = ""
    whole_words: bool = False
    helps: bool = True
    helps_h: bool = False
    no_help: bool = False
    verbatim: bool = False
    piped: Mapping[int, str] = field(default_factory=dict)

    @property
    def help_words(self) -> tuple[str, ...]:
        """The words that make it print help and do nothing else."""
        if self.no_help:
            return ()
        return (("--help",) if self.helps else ()) + (("-h",) if self.helps_h else ())


def _alone(sentence: str, *, helps: bool = True) -> Program:
    return Program({0: sentence}, helps=helps)


_LS = Program(
    {0: "Lists the files in the current directory", 1: "Lists {0}: the file, or what is in the directory", "many": "Lists {all}"},
    {
        "-a": "hidden ones too", "--all": "hidden ones too", "-A": "hidden ones too, but not . and ..",
        "-l": "in long form (permissions, owner, size, time)", "-h": "sizes as K, M and G", "-R": "and in all directories below",
        "-t": "newest first", "-r": "in reverse order", "-S": "largest first", "-1": "one a line", "-d": "directories themselves, not what is in them",
        "-i": "with inode numbers", "-s": "with the blocks that each takes", "-F": "with a mark for each type", "-n": "in long form, with numbers for users and groups",
    },
    special={
        "..": "Lists the files in the directory above", ".": "Lists the files in the current directory", "/": "Lists the files in the root directory",
        "~": "Lists the files in your home directory", "-": "Lists the file called -",
    },
)  # fmt: skip

_CD = Program(
    {0: "Changes to your home directory", 1: "Changes to the directory {0}"},
    special={
        "..": "Changes to the directory above", ".": "Stays in the current directory", "/": "Changes to the root directory", "~": "Changes to your home directory",
        "-": "Changes back to the directory before", "../..": "Changes to the directory two levels above", "../": "Changes to the directory above",
        "~/": "Changes to your home directory", "../../": "Changes to the directory two levels above", "./": "Stays in the current directory",
    },
)  # fmt: skip

_EDITS: Mapping[int | str, str] = {1: "Opens {0} in the editor"}

_SSH = Program(
    {1: "Opens a shell on another machine over SSH: {0}", 0: "Without a destination, ssh prints how it is used"},
    {"-v": "telling what it does", "-X": "with X11 forwarded", "-A": "with the agent forwarded", "-4": "over IPv4 only", "-6": "over IPv6 only", "-C": "compressed"},
    {"-p": (NUMBER, "on port {}"), "-i": (FILE, "with the key in {}"), "-l": (NAME, "as the user {}")},
    kinds=(LOGIN,), helps=False,
)  # fmt: skip

_SCP = Program(
    {2: "Copies {0} to {1} over SSH", "many": "Copies {first} to {last} over SSH", 0: "Without files, scp prints how it is used"},
    {"-r": "with all that is below a directory", "-v": "telling what it does", "-p": "keeping times and modes", "-q": "without showing progress", "-C": "compressed",
     "-4": "over IPv4 only", "-6": "over IPv6 only", "-3": "through this machine"},
    {"-P": (NUMBER, "on port {}"), "-i": (FILE, "with the key in {}")},
    kinds=(r"[\w./~+-]+|(?:[A-Za-z_][\w.-]*@)?[A-Za-z0-9][\w.-]*:[\w./~+-]*",), needs=":", helps=False,
)  # fmt: skip

_NMAP = Program(
    {1: "Scans {0} for open ports", 2: "Scans {0} and {1} for open ports", 0: "Without a target, nmap prints how it is used"},
    {
        "-sV": "finding the versions of the services", "-A": "with system and version detection, scripts and traceroute", "-O": "guessing the operating system",
        "-sS": "by half-open (SYN) connections", "-sT": "by whole TCP connections", "-sU": "over UDP", "-sn": "but only looks which hosts are up, not at ports",
        "-sP": "but only looks which hosts are up, not at ports", "-Pn": "taking every host for up", "-v": "telling more", "-vv": "telling much more", "-n": "without looking up names",
        "-p-": "all 65535 ports", "-F": "only the 100 most usual ports", "-sC": "with the default scripts", "-sL": "but only lists the targets", "--open": "showing open ports only",
        "-6": "over IPv6", "-T4": "fast (timing 4)", "-T5": "as fast as it goes (timing 5)", "-T3": "at the normal pace (timing 3)", "-sN": "by packets without flags", "-sF": "by FIN packets",
        "-sX": "by packets with FIN, PSH and URG", "-sA": "by ACK packets, to map a firewall", "-PS": "pinging by SYN packets", "-sO": "which IP protocols there are, not which ports",
    },
    {"-p": (r"[0-9,-]+", "only port(s) {}"), "--top-ports": (NUMBER, "the {} most usual ports"), "-oN": (FILE, "writing the result to {}")},
    kinds=(r"[A-Za-z0-9][\w./-]*", r"[A-Za-z0-9][\w./-]*"), whole_words=True,
)  # fmt: skip

_PING = Program(
    {1: "Sends packets to {0} until it is stopped, and tells how long each answer takes"},
    {"-n": "without looking up names", "-q": "showing only the summary", "-4": "over IPv4", "-6": "over IPv6"},
    {"-c": (NUMBER, "stopping after {} packet(s)"), "-i": (r"[0-9.]+", "one every {} s"), "-W": (r"[0-9.]+", "waiting {} s for an answer")},
    kinds=(ADDRESS,), helps=False,
)  # fmt: skip


_WORD = r"[\w./~@+:,%=-]+"


def _runs(what: str) -> Program:
    return Program(
        {
            0: f"Opens an interactive {what}",
            1: f"Runs the {what} program {{0}}",
            "many": f"Runs the {what} program {{0}} with the arguments {{rest}}",
        },
        kinds=(FILE, r".+"),
        verbatim=True,
    )


_APT = Program(
    {1: "Manages packages: {0}", "many": "Manages packages: {0} {rest}"},
    {"-y": "answering yes to every question"},
    kinds=("install|reinstall", r"[a-z0-9][a-z0-9.+-]+"),
    special={
        "update": "Fetches the lists of packages anew",
        "upgrade": "Installs newer versions of all packages",
        "autoremove": "Removes packages that nothing needs any more",
        "clean": "Deletes downloaded package files",
    },
)

_FCRACKZIP = Program(
    {0: "Guesses the password of a ZIP archive", 1: "Guesses the password of the ZIP archive {0}"},
    {
        "-D": "trying the words of a file",
        "--dictionary": "trying the words of a file",
        "-b": "trying every combination",
        "--brute-force": "trying every combination",
        "-u": "checking each guess by unzip",
        "--use-unzip": "checking each guess by unzip",
        "-v": "telling what it does",
        "--verbose": "telling what it does",
    },
    {
        "-p": (FILE, "beginning with, or with the words from {}"),
        "--init-password": (FILE, "beginning with, or with the words from {}"),
        "-l": (r"[0-9]+(?:-[0-9]+)?", "passwords {} characters long"),
        "--length": (r"[0-9]+(?:-[0-9]+)?", "passwords {} characters long"),
        "-c": (r"[aA1!:]+", "made of the characters that {} stands for"),
        "--charset": (r"[aA1!:]+", "made of the characters that {} stands for"),
    },
    helps_h=True,
)

_JOHN = Program(
    {0: "Without a file, john prints how it is used", 1: "Guesses the passwords behind the hashes in {0}"},
    {
        "--show": "showing those found before instead",
        "-show": "showing those found before instead",
        "--incremental": "trying every combination",
    },
    {
        "--wordlist": (FILE, "trying the words in {}"),
        "-wordlist": (FILE, "trying the words in {}"),
        "-w": (FILE, "trying the words in {}"),
        "--format": (NAME, "taking them for {} hashes"),
        "-format": (NAME, "taking them for {} hashes"),
    },
    whole_words=True,
    helps=False,
)

_FIND = Program(
    {0: "Lists every file below the current directory", 1: "Lists every file below {0}"},
    {"-print": "printing the paths"},
    {
        "-name": (r"[^/]+", "whose name matches {}"),
        "-iname": (r"[^/]+", "whose name matches {}, whatever the case"),
        "-type": ("[fdl]", "of the type {} (f file, d directory, l link)"),
        "-user": (NAME, "owned by {}"),
        "-maxdepth": (NUMBER, "at most {} level(s) deep"),
        "-perm": (r"[/-]?[0-7u=sgwx,+]+", "with the permissions {}"),
        "-size": (r"[+-]?[0-9]+[cwbkMG]?", "of the size {}"),
    },
    whole_words=True,
    helps=True,
)


PROGRAMS: dict[str, Program] = {
    "ls": _LS,
    "cd": _CD,
    "ssh": _SSH,
    "scp": _SCP,
    "nmap": _NMAP,
    "ping": _PING,
    "pwd": _alone("Prints the current directory", helps=False),
    "clear": _alone("Clears the screen", helps=False),
    "exit": Program({0: "Ends the shell", 1: "Ends the shell with the exit code {0}"}, kinds=(NUMBER,), helps=False),
    "logout": _alone("Ends the login shell", helps=False),
    "history": Program({0: "Lists the commands typed before", 1: "Lists the last {0} commands typed"}, kinds=(NUMBER,), helps=False),
    "whoami": _alone("Prints the name of the user you are"),
    "id": Program({0: "Prints your user and groups, with their numbers", 1: "Prints the user and groups of {0}, with their numbers"}, kinds=(NAME,)),
    "hostname": Program({0: "Prints the name of this machine"}, {"-I": "its addresses instead", "-f": "with the domain"}, whole_words=True),
    "ifconfig": Program(
        {0: "Shows the network interfaces that are up, and their addresses", 1: "Shows the network interface {0} and its addresses"},
        {"-a": "those that are down too"}, kinds=(r"[a-z]+[0-9][\w.]*|lo",), whole_words=True,
    ),
    "ip": Program(
        {0: "Without an object, ip prints how it is used"}, kinds=("a",), helps=False,
        special=dict.fromkeys(("a", "addr", "address"), "Shows the addresses of all network interfaces")
        | dict.fromkeys(("r", "route"), "Shows where packets to each network are sent")
        | dict.fromkeys(("l", "link"), "Shows all network interfaces, without their addresses")
        | dict.fromkeys(("n", "neigh"), "Shows the hardware addresses known of neighbours"),
    ),
    "uname": Program({0: "Prints facts about the kernel"}, {"-a": "all of them", "-r": "its release", "-m": "the machine's architecture", "-s": "its name", "-n": "the machine's name"}),
    "date": _alone("Prints the date and the time"),
    "uptime": _alone("Prints how long the machine has been up, and its load"),
    "w": _alone("Shows who is logged in and what they do"),
    "who": _alone("Shows who is logged in"),
    "ps": Program({0: "Lists your processes in this terminal", 1: "Lists every process, with its user, load and command"}, {"-e": "all processes instead", "-A": "all processes instead", "-f": "in full form"}, kinds=("aux",), helps=False),
    "top": _alone("Shows the processes that use the most, again and again, until q is pressed", helps=False),
    "htop": _alone("Shows the processes, to look through and to act on, until q is pressed"),
    "df": Program({0: "Shows how full each file system is", 1: "Shows how full the file system of {0} is"}, {"-h": "sizes as K, M and G", "-T": "with types", "-i": "inodes instead of blocks"}),
    "free": Program({0: "Shows how much memory is used and free"}, {"-h": "sizes as K, M and G", "-m": "in MiB", "-g": "in GiB"}),
    "cat": Program({1: "Prints the file {0}", "many": "Prints {all}, one after another", 0: "Copies what is typed to the screen, until Ctrl-D"}, {"-n": "with line numbers", "-A": "showing tabs, line ends and control characters", "-b": "with numbers at lines that are not empty"}),
    "less": Program({1: "Shows the file {0} page by page"}, {"-N": "with line numbers", "-S": "with long lines cut off", "-R": "with colours"}, piped={0: "Shows it page by page"}),
    "more": Program({1: "Shows the file {0} page by page"}, piped={0: "Shows it page by page"}),
    "head": Program({1: "Prints the first lines of {0}, 10 unless it is told otherwise"}, piped={0: "Prints only the first lines, 10 unless it is told otherwise"}, values={"-n": (NUMBER, "{} lines")}),
    "tail": Program({1: "Prints the last lines of {0}, 10 unless it is told otherwise"}, {"-f": "going on as the file grows"}, {"-n": (NUMBER, "{} lines")}),
    "file": Program({1: "Tells what kind of file {0} is", "many": "Tells what kinds of files {all} are"}),
    "stat": Program({1: "Shows size, times, owner and mode of {0}"}),
    "wc": Program(piped={0: "Counts lines, words and bytes"}, forms={1: "Counts lines, words and bytes of {0}"}, flags={"-l": "lines only", "-w": "words only", "-c": "bytes only"}),
    "nano": Program({**_EDITS, 0: "Opens the editor nano with an empty file"}),
    "vim": Program({**_EDITS, 0: "Opens the editor Vim with an empty file"}),
    "vi": Program({**_EDITS, 0: "Opens the editor vi with an empty file"}),
    "gedit": Program({**_EDITS, 0: "Opens the editor gedit with an empty file"}),
    "man": Program({1: "Shows the manual page of {0}", 2: "Shows the manual page of {1} in section {0}"}, kinds=(r"[\w.+-]+", r"[\w.+-]+"), first_of_two="[1-9]"),
    "whatis": Program({1: "Prints the one-line summary of the manual page of {0}"}, kinds=(NAME,)),
    "which": Program({1: "Prints which file runs as {0}"}, {"-a": "all that are found"}, kinds=(NAME,), helps=False),
    "whereis": Program({1: "Tells where the program, the source and the manual page of {0} are"}, kinds=(NAME,)),
    "type": Program({1: "Tells what the shell would run as {0}"}, {"-a": "all that it knows"}, kinds=(NAME,), helps=False),
    "locate": Program({1: "Lists every file in the index whose path contains {0}"}, {"-i": "whatever the case", "-c": "only how many there are"}),
    "mkdir": Program({1: "Makes the directory {0}", "many": "Makes the directories {all}"}, {"-p": "with those above it, and without complaint if it exists", "-v": "telling what it does"}),
    "touch": Program({1: "Sets the times of {0} to now, and creates it if it does not exist", "many": "Sets the times of {all} to now, and creates what does not exist"}),
    "cp": Program({2: "Copies {0} to {1}", "many": "Copies {first} into the directory {last}"}, {"-r": "with all that is below a directory", "-R": "with all that is below a directory", "-a": "with everything below, keeping modes, times and links", "-v": "telling what it does", "-i": "asking before a file is replaced", "-p": "keeping modes and times"}),
    "mv": Program({2: "Moves or renames {0} to {1}", "many": "Moves {first} into the directory {last}"}, {"-v": "telling what it does", "-i": "asking before a file is replaced", "-n": "never replacing a file"}),
    "unzip": Program({1: "Unpacks the archive {0} into the current directory"}, {"-l": "only listing what is in it", "-o": "replacing files without asking", "-t": "only testing it"}, {"-d": (FILE, "into {} instead")}, helps=False),
    "gunzip": Program({1: "Unpacks {0} in its place, without the ending"}, kinds=(r"[\w./~+-]+\.(?:gz|tgz|Z)",)),
    "passwd": Program({0: "Changes your own password", 1: "Changes the password of the user {0}"}, kinds=(NAME,)),
    "su": Program({0: "Opens a shell as root", 1: "Opens a shell as the user {0}"}, {"-l": "as a login does"}, kinds=(NAME,)),
    "msfconsole": Program({0: "Starts the console of the Metasploit framework"}, {"-q": "without the banner"}),
    "fcrackzip": _FCRACKZIP,
    "john": _JOHN,
    "sqlmap": Program({0: "Without options, sqlmap prints how it is used"}, helps_h=True),
    "hydra": Program({}, helps=False, helps_h=True),
    "nikto": Program({}, values={"-h": (r"[\w./:-]+", "the server {}"), "-host": (r"[\w./:-]+", "the server {}")}, whole_words=True),
    "searchsploit": Program({1: "Searches the copy of the exploit database for {0}", "many": "Searches the copy of the exploit database for {all}"}, {"-u": "fetching it anew"}, {"-m": (r"[\w./-]+", "copying the exploit {} here"), "-p": (NUMBER, "showing the path of {}")}, kinds=(r"[\w.-]+",)),
    "python": _runs("Python"),
    "python2": _runs("Python"),
    "python3": _runs("Python"),
    "perl": Program({1: "Runs the Perl program {0}", "many": "Runs the Perl program {0} with the arguments {rest}"}, kinds=(FILE, r".+"), verbatim=True),
    "ruby": Program({1: "Runs the Ruby program {0}", "many": "Runs the Ruby program {0} with the arguments {rest}"}, kinds=(FILE, r".+"), verbatim=True),
    "bash": _runs("shell"),
    "sh": _runs("shell"),
    "apt": _APT,
    "apt-get": _APT,
    "service": Program({2: "Tells the service {0}: {1}"}, kinds=(r"[\w.@-]+", "start|stop|restart|reload|status")),
    "systemctl": Program({2: "Tells the service {1}: {0}"}, kinds=("start|stop|restart|reload|status|enable|disable", r"[\w.@-]+")),
    "chmod": Program({2: "Sets the permissions of {1} to {0}"}, kinds=("[0-7]{3,4}|[ugoa]*[+=-][rwx]+", FILE)),
    "echo": Program({0: "Prints an empty line", 1: "Prints {0}", "many": "Prints {0} {rest}"}, kinds=(r"[^\\-][^\\]*", r"[^\\]*"), verbatim=True, helps=False),
    "nc": Program({2: "Connects to {0} at port {1}, and passes on what is typed and what comes back", 0: "Without operands, nc prints how it is used"}, {"-v": "telling what it does", "-n": "without looking up names", "-u": "over UDP", "-z": "only trying whether the port is open"}, kinds=(ADDRESS, NUMBER), helps=False, helps_h=True),
    "telnet": Program({1: "Opens a Telnet session with {0}", 2: "Opens a Telnet session with {0} at port {1}", 0: "Opens the prompt of telnet"}, kinds=(ADDRESS, NUMBER), helps=False),
    "traceroute": Program({1: "Shows the machines on the way to {0}"}, {"-n": "without looking up names"}, kinds=(ADDRESS,)),
    "mtr": Program({1: "Shows the machines on the way to {0}, again and again, with losses and times"}, kinds=(ADDRESS,)),
    "dig": Program({1: "Looks up the address of {0} and shows the whole answer"}, kinds=(r"[A-Za-z0-9.-]+",), helps=False),
    "nslookup": Program({1: "Looks up the address of {0}"}, kinds=(r"[A-Za-z0-9.-]+",), helps=False),
    "host": Program({1: "Looks up the address of {0}"}, kinds=(r"[A-Za-z0-9.-]+",), helps=False),
    "sort": Program({1: "Prints the lines of {0} in order", 0: "Sorts the lines that it gets"}, {"-u": "each line once", "-r": "in reverse order", "-n": "by number"}, piped={0: "Sorts the lines"}),
    "uniq": Program({1: "Prints {0} without lines that repeat the one before"}, {"-c": "with how often each came"}, piped={0: "Leaves out lines that repeat the one before"}),
    "strings": Program({1: "Prints the readable texts in {0}"}),
    "base64": Program({1: "Prints {0} in Base64"}, {"-d": "the other way, back to the data"}),
    "sha256sum": Program({1: "Prints the SHA-256 checksum of {0}"}),
    "md5sum": Program({1: "Prints the MD5 checksum of {0}"}),
    "ssh-keygen": Program({0: "Makes a new pair of SSH keys"}, helps=False),
    "ssh-add": Program({0: "Gives your usual SSH keys to the agent", 1: "Gives the SSH key {0} to the agent"}, {"-l": "only listing those it has", "-D": "removing all instead"}, helps=False),
    "dir": Program({0: "Lists the files in the current directory", 1: "Lists {0}: the file, or what is in the directory"}),
    "ll": Program({0: "Usually an alias of ls -l: lists the files in the current directory in long form"}, helps=False),
    "netstat": Program({0: "Lists network connections and local sockets"}, {"-t": "TCP only", "-u": "UDP only", "-l": "only those that listen", "-n": "with numbers instead of names", "-p": "with the program of each", "-a": "all of them"}),
    "ss": Program({0: "Lists network connections and local sockets"}, {"-t": "TCP only", "-u": "UDP only", "-l": "only those that listen", "-n": "with numbers instead of names", "-p": "with the program of each", "-a": "all of them"}),
    "find": _FIND,
    "tree": Program({0: "Shows the files below the current directory as a tree", 1: "Shows the files below {0} as a tree"}, {"-a": "hidden ones too", "-d": "directories only"}, {"-L": (NUMBER, "{} levels deep")}),
    "grep": Program(piped={1: "Prints only the lines that match {0}"}, forms={2: "Prints the lines of {1} that match {0}", "many": "Prints the lines that match {0} in the files {rest}"}, flags={"-i": "whatever the case", "-n": "with line numbers", "-v": "those that do not match instead", "-c": "only how many there are", "-w": "whole words only", "-r": "in all files below", "-l": "only the names of the files"}, kinds=(r"[A-Za-z0-9_/-]+", FILE)),
    "wget": Program({1: "Downloads {0} to the current directory"}, {"-q": "without a word", "-c": "going on where it broke off"}, {"-O": (FILE, "under the name {}")}, kinds=(r"[\w./:~-]+",)),
    "curl": Program({1: "Fetches {0} and prints it"}, {"-s": "without showing progress", "-L": "following redirections", "-I": "only the headers", "-O": "into a file of the same name", "-k": "without checking certificates", "-v": "telling what is sent and received"}, {"-o": (FILE, "into the file {}")}, kinds=(r"[\w./:~-]+",)),
}  # fmt: skip

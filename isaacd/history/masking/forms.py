"""Where programs take secrets from their command line: after which options, at which places."""

import re
from typing import NamedTuple


class Form(NamedTuple):
    """How one program takes secrets.

    `options` take the secret as the next word, or joined to a short one; `joined` only joined to it (`-pSECRET`);
    `pairs` take `user:secret`, of which the first part stays (parted by `:`, `%`, `,` or `/`). `places` are operands,
    counted from 0 behind the words of `after`, which have to be there.
    """

    options: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()
    places: frozenset[int] = frozenset()
    after: tuple[str, ...] = ()


def _form(
    options: str = "", joined: str = "", pairs: str = "", places: tuple[int, ...] = (), after: str = ""
) -> Form:
    return Form(
        frozenset(options.split()),
        frozenset(joined.split()),
        frozenset(pairs.split()),
        frozenset(places),
        tuple(after.split()),
    )


_ROWS: dict[str, tuple[Form, ...]] = {
    "mysqladmin mariadb-admin": (_form(joined="-p"), _form(places=(0,), after="password")),
    "mysql mysqldump mysqlimport mysqlshow mysqlcheck mysqlsh mariadb mariadb-dump": (_form(joined="-p"),),
    "7z 7za 7zr 7zz rar unrar": (_form(joined="-p -hp"),),
    "sshpass": (_form("-p"),),
    "zip unzip": (_form("-P"),),
    "docker podman nerdctl buildah skopeo helm oras crane": (_form("-p", after="login"),),
    "mongo mongosh mongodump mongorestore mongoexport mongoimport rdesktop influx cqlsh az steghide twine ncftpput ncftpget": (
        _form("-p"),
    ),
    "xfreerdp xfreerdp3 wlfreerdp": (_form("-p", joined="/p:"),),
    "curl": (_form("-b --cookie", pairs="-u --user -U --proxy-user -E --cert"),),
    "http https xh xhs": (_form(pairs="-a --auth"),),
    "redis-cli valkey-cli keydb-cli": (
        _form("-a --pass"),
        _form(places=(0,), after="AUTH"),
        _form(places=(0,), after="auth"),
        _form(places=(0,), after="requirepass"),
    ),
    "ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd": (_form("-w -s -a"),),
    "smbclient": (_form(pairs="-U --user"), _form(places=(1,))),
    "rpcclient mount.cifs": (_form(pairs="-U --user"),),
    "net": (_form(pairs="-U --user"), _form(places=(2,), after="use")),
    "lftp ncftp": (_form("-p", pairs="-u --user"),),
    "sqlcmd bcp ipmitool mosquitto_pub mosquitto_sub tsql mssql-cli": (_form("-P -pw"),),
    "snmpwalk snmpget snmpset": (_form("-A -X -c"),),
    "htpasswd": (_form(places=(2,)), _form(places=(1,), after="-nb"), _form(places=(1,), after="-bn")),
    "gh glab": (
        _form("-b --body -v --value", after="secret"),
        _form("-b --body -v --value", after="variable"),
        _form("-t", after="login"),
    ),
    "ansible-vault": (_form(places=(0,), after="encrypt_string"),),
    "iwconfig": (_form(places=(0,), after="key"),),
    "useradd usermod": (_form("-p"),),
    "security": (_form("-w -p"),),
    "openssl": (_form("-k -K -pass -passin -passout"),),
    "wpa_passphrase": (_form(places=(1,)),),
    "vault": (_form(places=(0,), after="login"), _form(places=(0,), after="unseal")),
    "rabbitmqctl": (
        _form(places=(1,), after="add_user"),
        _form(places=(1,), after="change_password"),
        _form(places=(1,), after="authenticate_user"),
    ),
    "op bw": (_form(places=(0,), after="unlock"), _form(places=(1,), after="login")),
    "ngrok": (_form(places=(0,), after="authtoken"), _form(places=(0,), after="add-authtoken")),
    "sqlplus": (_form(places=(0,)),),
    "plink pscp psftp": (_form("-pw"),),
    "poetry": (_form("-p", after="publish"),),
    "cargo": (_form(places=(0,), after="login"),),
    "snyk": (_form(places=(0,), after="auth"),),
    "wandb": (_form(places=(0,), after="login"),),
    "rclone": (_form(places=(0,), after="obscure"),),
    "pdftk": (_form("user_pw owner_pw input_pw"),),
    "qpdf": (_form(places=(0, 1), after="--encrypt"),),
    "pulumi": (_form(places=(1,), after="config set"),),
    "aws": (_form("--value", after="put-parameter"),),
    "netlify": (_form("--auth"),),
    "doctl": (_form("-t --access-token"),),
    "openai": (_form("-k"),),
    "ssh-keygen": (_form("-N -P"),),
    "mc": (_form(places=(3,), after="alias set"),),
}
FORMS = {name: forms for names, forms in _ROWS.items() for name in names.split()}

# Programs that only run another one: a later word may be the program that counts.
WRAPPERS = frozenset(
    "sudo doas env nice nohup time command exec xargs timeout stdbuf ionice setsid builtin".split()
)
# A command may follow these.
KEYWORDS = frozenset("do then else elif if while until ! {".split())
# What these say is a secret if it goes to one that takes a secret from its standard input.
SPEAKERS = frozenset("echo printf print".split())
# Behind these words, and in what these programs are told, a bare name is followed by its value.
SETTERS = frozenset("set config nmcli add-generic-password setx setenv machine".split())

# Every `name=value` that these are told behind one of their words is a secret, whatever its name.
KEEPERS = {
    "vault": frozenset(("put", "write", "patch")),
    "heroku": frozenset(("config:set",)),
    **dict.fromkeys(("fly", "flyctl", "doppler", "supabase"), frozenset(("secrets",))),
}

# Programs that hand what stands behind them to another one, somewhere else or later.
CARRIERS = frozenset(
    "docker podman nerdctl docker-compose kubectl oc ssh lxc incus vagrant watch chroot nsenter systemd-run screen tmux script flock "
    "parallel su runuser".split()
)

# What can be a name at all.
NAME = re.compile(r"[\w./:@-]{1,100}\Z")
_KINDS = "api|access|private|auth|encryption|signing|license|master|session|account|shared|secret|client"
SECRET_NAME = re.compile(
    rf"(?:passw|passphrase|secret|token|credential|apikey|authkey|(?:{_KINDS})[_.-]?key"
    r"|(?<![a-z])(?:pass|pwd|psk|pin|passcode|bearer)(?![a-z])|_key\b"
    r"|(?:user|db|sql|ssh|store|key|ftp|smtp|imap|admin|root|login|http|proxy|auth)_?(?:pass|pwd)(?![a-z]))",
    re.IGNORECASE,
)
# Where a secret is, or how it is treated; and what the shell itself sets.
HARMLESS_NAME = re.compile(
    r"(?:[_-](?:file|path|env|cmd|command|stdin|from|dir|store|type|id|name|count|length|size|expiry|ttl|policy"
    r"|prompt|fd|url|uri|arn)$|^-*(?:OLD)?PWD$|max[_-]?tokens|tokeni[sz]er|keyword|keyboard|no[_-]?password"
    r"|authentication$|checking$)",
    re.IGNORECASE,
)
# Values that say how, not what.
HARMLESS_VALUE = re.compile(
    r"(?:yes|no|true|false|on|off|none|null|ask|auto|accept-new|prompt|always|never|required|optional|for|\*+|\[redacted\])?\Z",
    re.IGNORECASE,
)
# A variable of the shell, whose value is not in the line.
VARIABLE = re.compile(r"\"?\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\}|[0-9@*?])\"?\Z")


def is_secret_name(name: str) -> bool:
    """Say whether what follows this option or name is a secret by it."""
    return NAME.match(name) is not None and bool(SECRET_NAME.search(name)) and not HARMLESS_NAME.search(name)


def is_harmless(value: str) -> bool:
    """Say whether a value, as it was typed, cannot be a secret: it says yes or no, or it is a variable."""
    return HARMLESS_VALUE.match(value) is not None or VARIABLE.match(value) is not None

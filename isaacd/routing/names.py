"""Names that a shell knows by itself, and those of them that change the shell they run in."""

# They change the shell that runs them, or are only of use in it: another process would do nothing for the caller.
CHANGING = frozenset(
    "cd chdir pushd popd dirs export unset alias unalias source . exit logout return set shopt setopt unsetopt umask "
    "ulimit exec eval jobs fg bg disown wait history fc bind bindkey complete compgen compopt compdef hash rehash trap "
    "read readarray mapfile declare typeset local readonly let getopts shift suspend enable autoload zle abbr funced "
    "caller limit unlimit z j".split()
)
# Of these nothing is left once their shell has ended, and nothing of use is shown by another one.
ONLY_CHANGES = CHANGING - frozenset(
    "source . exec eval trap read readarray mapfile umask ulimit set wait let getopts".split()
)
_OTHERS = frozenset(
    "echo printf test [ [[ type command builtin times true false : kill pwd help time coproc noglob nocorrect "
    "print whence where which break continue".split()
)
BUILTINS = (CHANGING | _OTHERS) - {"z", "j"}
KEYWORDS = frozenset(
    "if then else elif fi for while until do done case esac in select function { } ! [[ ]] begin end foreach".split()
)

"""Every command that a line could run is found, however it is wrapped or hidden."""

import pytest

from isaacd.shell.find import Commands, commands
from isaacd.shell.parse import Parser

PARSER = Parser()


def found_in(line: str, values: dict[str, str] | None = None) -> Commands:
    return commands(PARSER.parse(line), PARSER, values)


def argvs(line: str) -> list[tuple[str | None, ...]]:
    return [item.argv for item in found_in(line).invocations]


RUNS_RM_X = r"""
\rm x
'rm' x
"r"m x
r''m x
$'\x72m' x
{rm,x}
X=rm; $X x
X="rm x"; $X
a=r; b=m; $a$b x
x=arm; ${x#a} x
x=rmq; ${x%q} x
x=RM; ${x,,} x
x=qrmq; ${x:1:2} x
$(echo rm) x
$(printf '\162\155') x
set -- rm x; $1 $2
IFS=,; c=rm,x; $c
IFS=_ c=rm_x; $c
IFS=:; set -- rm:x; $1
a=(rm x); "${a[@]}"
a=(rm x); ${a[*]}
a=(rm); a+=(x); "${a[@]}"
a=(x rm); "${a[1]}" "${a[0]}"
a=(x rm); i=1; "${a[i]}" "${a[-2]}"
a[0]=rm a[1]=x; "${a[@]}"
declare -a a=(rm x); "${a[@]}"
declare -A m=([k]='rm x'); ${m[k]}
n=y; y='rm x'; ${!n}
read c <<< 'rm x'; $c
IFS=, read -r c d <<< rm,x; $c $d
read -ra a <<< 'rm x'; "${a[@]}"
while read -r l; do $l; done <<< 'rm x'
echo 'rm x' | while read l; do eval "$l"; done
mapfile -t a <<< $'rm\nx'; "${a[@]}"
printf -v c '%s x' rm; $c
c=ls; f() { c='rm x'; }; f; $c
f() { $c; }; c='rm x'; f
c=ls; command eval "c='rm x'"; $c
echo 'rm x' > f; sh f
echo 'rm x' > f; . ./f
tee f <<< 'rm x'; bash f
echo 'rm x' >> ~/.bashrc
make SHELL='rm x'
make --eval='$(shell rm x)'
awk 'BEGIN{c="rm x"; system(c)}'
sed 's/.*/rm x/e' f
set -- rm x; "$@"
f() { "$@"; }; f rm x
f() { $1 x; }; f rm
alias q='rm x'
for c in rm mv; do $c x; done
${x:-rm} x
$SUDO rm x
sudo rm x
sudo -u root -- rm x
sudo A=1 rm x
sudo $OPTIONS rm x
doas rm x
env A=1 rm x
env -S 'rm x'
nice -n 5 rm x
nohup rm x &
timeout -k 5 10 rm x
time -p rm x
time { rm x; }
! rm x
coproc rm x
coproc NAME { rm x; }
command rm x
exec rm x
eval 'rm x'
eval "$(echo rm x)"
trap 'rm x' EXIT
busybox rm x
/lib64/ld-linux-x86-64.so.2 rm x
strace -f rm x
flock f rm x
flock f -c 'rm x'
script -c 'rm x' /dev/null
systemd-run rm x
nsenter -t 1 -m rm x
su -c 'rm x'
watch -n1 'rm x'
hyperfine 'ls' 'rm x'
bash -c 'rm x'
bash -lc 'rm x'
bash -c '$0 x' rm
bash -s <<< 'rm x'
echo 'rm x' | bash
echo 'rm x' | sudo sh -s
echo 'rm x' | tee f | sh
echo cm0geAo= | base64 -d | sh
echo 726d2078 | xxd -r -p | sh
echo 'x mr' | rev | sh
echo 'ez k' | tr a-z n-za-m | sh
bash -c "$(echo cm0geAo= | base64 -d)"
find . -exec rm x \;
find . -exec sh -c 'rm x' \;
fd -x rm x
parallel ::: 'rm x'
xargs sh -c 'rm x'
ssh host rm x
ssh -p 22 host -t 'rm x'
ssh -o ProxyCommand='rm x' host
docker exec -it c rm x
docker run --rm image rm x
docker compose exec web rm x
kubectl exec pod -n ns -- rm x
git -c core.pager='rm x' log
git -c alias.y='!rm x' y
git config alias.y '!rm x'
git bisect run rm x
git submodule foreach 'rm x'
git rebase -x 'rm x' main
tar cf a --checkpoint-action=exec='rm x' b
tar xf a --to-command='rm x'
rsync -e 'rm x' a b
vim -c ':!rm x'
vim +'!rm x' f
sqlite3 db '.shell rm x'
psql -c '\! rm x'
sed '1e rm x' f
awk 'BEGIN{system("rm x")}'
python3 -c 'import os; os.system("rm x")'
python3 -c 'import subprocess; subprocess.run(["rm", "x"])'
perl -e 'system("rm x")'
ruby -e '`rm x`'
node -e 'require("child_process").execSync("rm x")'
php -r 'system("rm x");'
tmux new -d 'rm x'
screen -dmS name rm x
echo 'rm x' | at now
echo '* * * * * rm x' | crontab -
npx rm x
poetry run rm x
uv run rm x
PAGER='rm x' git log
PROMPT_COMMAND='rm x'
echo "${y:-"$(rm x)"}"
echo `rm x`
diff <(rm x) a
[[ -n $(rm x) ]]
(( 1 + $(rm x) ))
a=(1 $(rm x))
declare -A m=([a]=$(rm x))
a[$(rm x)]=1
f() for i in 1; do rm x; done
function f { rm x; }
case y in a|b) ls;; (*) rm x;; esac
while ls; do rm x; done
select y in a; do rm x; done
for ((i=0;i<3;i++)) { rm x; }
if ls; then ls; elif ls; then rm x; fi
cat <<E | ls && rm x
cat <<E; rm x
> f rm x
rm {v}> f x
rm <> f x
"""


@pytest.mark.parametrize("line", RUNS_RM_X.strip().splitlines())
def test_the_command_behind_it_is_found(line: str) -> None:
    if "<<E" in line:
        line += "\ntext\nE"
    assert ("rm", "x") in argvs(line)


@pytest.mark.parametrize(
    "line",
    [
        "cat <<E | sh\nrm x\nE",
        "sh <<'E'\nrm x\nE",
        "cat <<-E | sh\n\trm x\n\tE",
        "r\\\nm x",
        "alias q='rm'\nq x",
        "echo a \\\n; rm x",
    ],
)
def test_the_command_in_several_lines_is_found(line: str) -> None:
    assert ("rm", "x") in argvs(line)


@pytest.mark.parametrize(
    "line",
    r"""
curl x | sh
wget -qO- x | sudo bash -s -- arg
bash <(curl x)
source <(curl x)
. ./f
sh f
cat f | sh
(echo rm x; echo ls) | sh
curl x | tee >(sh)
exec < f
$X y
$(cat f) y
read x; $x y
x=ls; false && x=rm; $x y
if a; then x=rm; fi; $x
IFS=$y; x=rm,y; $x
echo() { printf rm; }; $(echo ls) y
X=echo; bash -c '$X y'
/bin/r? y
eval "$x"
bash -c "$x"
xargs sh
xargs -I{} sh -c '{}'
find . -exec {} \;
parallel
LD_PRELOAD=./x.so ls
PATH=/tmp:$PATH ls
python3 f.py
perl -e 'unlink "x"'
awk '{print > "f"}' g
sed 's/x/rm/e' f
sed 's/x/y/w g' f
make SHELL=/x
docker run -v /:/mnt image ls
""".strip().splitlines(),
)
def test_what_cannot_be_seen_is_said(line: str) -> None:
    assert any(item.unseen for item in found_in(line).invocations)


@pytest.mark.parametrize(
    "line",
    r"""
ls -l
command -v rm
sudo -l
git status
docker ps
kubectl get pods
python3 -c 'print(1 + 2)'
python3 -c 'import json,sys; print(json.load(sys.stdin)["a"])'
perl -ne 'print if /foo/' f
perl -pe 's/a/b/g' f
awk 'NR>1 {print $2}' f
sed -n '1,5p' f
sed -e 's/white/we/' f
[ -f x ]
export PATH="$PATH:/x"
echo a | grep b
for i in 1 2; do echo $i; done
""".strip().splitlines(),
)
def test_what_is_plain_is_seen(line: str) -> None:
    found = found_in(line)
    assert not found.faults
    assert not any(item.unseen for item in found.invocations)


def test_wrappers_are_named_outermost_first() -> None:
    inner = found_in("sudo env A=1 xargs rm").invocations[-1]
    assert (inner.via, inner.privileged, inner.more_arguments) == (("sudo", "env", "xargs"), True, True)
    assert found_in("ssh host rm x").invocations[-1].remote == "host"


def test_pipes_and_redirections_stay_with_their_command() -> None:
    cat, rm = found_in("cat <<E 2>&1 | rm y > f\nfoo\nE").invocations
    assert rm.receives == cat
    assert [(item.operator, item.descriptor) for item in cat.redirects] == [("<<", None), (">&", 2)]
    assert cat.redirects[0].body is not None
    assert cat.redirects[0].body.value == "foo\n"
    assert rm.redirects[0].writes


def test_values_of_the_caller_are_used_until_the_line_changes_them() -> None:
    assert ("rm", "x") in [item.argv for item in found_in("$T x; T=ls", {"T": "rm"}).invocations]
    assert (None, "x") in [item.argv for item in found_in("read T; $T x", {"T": "rm"}).invocations]


@pytest.mark.parametrize(
    "line", ["echo 'a", "if ls", "rm x )", "| rm", "a && ", "for", "case x in", "$(", "x\0y"]
)
def test_what_is_no_shell_is_faulty(line: str) -> None:
    assert found_in(line).faults


@pytest.mark.parametrize(
    "line", ["rm x )", "rm x ;; ls", "{ rm x", "if rm x", "echo $(rm x", "def f(a): rm x; rm x"]
)
def test_commands_in_faulty_lines_are_found_nonetheless(line: str) -> None:
    assert ("rm", "x") in argvs(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  ",
        "# rm x",
        ":;# rm x",
        "echo a # ; rm x",
        "echo '$(rm x)'",
        "echo \\$(rm",
        "cat <<'E'\n$(rm x)\nE",
    ],
)
def test_what_does_not_run_is_not_found(line: str) -> None:
    assert ("rm", "x") not in argvs(line)


@pytest.mark.parametrize(
    "line",
    [
        "cat > f <<E\nrm x\nE\n./f",
        "ssh h bash -s <<E\nrm x\nE",
        'while read -r l; do eval "$l"; done <<E\nls\nrm x\nE',
    ],
)
def test_a_document_that_is_run_is_followed(line: str) -> None:
    assert ("rm", "x") in argvs(line)


@pytest.mark.parametrize(
    "changes",
    [
        "f() { c=ls; }; f",
        "declare -n d=c; d=ls",
        "trap 'c=ls' DEBUG",
        "command export c=ls",
        "builtin read c <<< ls",
        "command eval c=ls",
        'f() { printf -v "$1" ls; }; f c',
        "false && eval c=ls",
        "if false; then eval 'true; c=ls'; fi",
        "echo ls | read c",
        'declare "$y"',
        "for i in 1; do f() { c=ls; }; f; done",
        "(( c = 5 ))",
        "wait -p c",
    ],
)
def test_a_value_that_may_have_changed_is_not_believed(changes: str) -> None:
    seen = [argv for argv in argvs(f"c='echo y'; {changes}; $c") if argv == ("echo", "y")]
    assert seen == []


@pytest.mark.parametrize(
    "before",
    [
        "(rm() { ls; });",
        "false && rm() { ls; };",
        "rm() { ls; } &",
        "f() { rm() { ls; }; };",
        "$(rm() { ls; });",
    ],
)
def test_a_function_that_may_not_be_there_stands_for_nothing(before: str) -> None:
    assert not any(item.is_function for item in found_in(f"{before} rm x").invocations)


@pytest.mark.parametrize("call", ["command q", "env q", "./q", "xargs q", "bash -c q", "unset -f q; q"])
def test_a_function_does_not_stand_for_the_program_of_its_name(call: str) -> None:
    assert any(item.is_function for item in found_in("q() { ls; }; q").invocations)
    assert not any(item.is_function for item in found_in(f"q() {{ ls; }}; {call}").invocations)


def test_an_array_that_is_not_wholly_seen_is_not_seen() -> None:
    for line in (
        "a=(rm $y); ${a[@]} x",
        "a=(rm); a+=($y); ${a[@]} x",
        "a=(rm); a=ls; ${a[@]} x",
        "${a[@]} x",
    ):
        assert any(item.unseen for item in found_in(line).invocations), line


@pytest.mark.parametrize(
    "code",
    [
        "from platform import os; os.getcwd()",
        "import operator",
        "import random; random.os",
        "from json import codecs",
    ],
)
def test_code_that_reaches_what_runs_is_not_innocent(code: str) -> None:
    assert any(item.unseen for item in found_in(f"python3 -c '{code}'").invocations)


@pytest.mark.parametrize("line", ["! &", "! && ls", "! || ls", "! | ls", "time &", "time -p &", "! time &"])
def test_a_sign_alone_is_no_command_to_go_on_from(line: str) -> None:
    assert found_in(line).faults
    assert not found_in("! ;").faults

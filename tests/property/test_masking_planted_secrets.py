"""No secret that was planted in a command line is kept, and what is no secret stays."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.history.masking.mask import mask_secrets

ALNUM = string.ascii_letters + string.digits
# What a shell leaves alone without quotes, and what a person may well have in a password.
PLAIN = st.text(ALNUM + "_.+!#^*~", min_size=6, max_size=24).filter(
    lambda text: text[0] in ALNUM and text.lower() != "accept-new"
)
QUOTED = st.text(ALNUM + " &;|<>()=@:/$!#%,.-", min_size=8, max_size=24).filter(
    lambda text: len(text.strip()) >= 8 and text[0] in ALNUM and text[-1] in ALNUM
)
FORMS = [
    "mysql -u root -p{} shop",
    "mysqldump --password={} shop > /tmp/x.sql",
    "sudo -u ada mysql -h db -p{}",
    "PGPASSWORD={} psql -h db -U ada",
    "env PGPASSWORD={} pg_dump shop",
    "curl -u ada:{} https://example.org/x",
    "curl -s --user ada:{} https://example.org | jq .",
    "curl -H 'Authorization: Bearer {}' https://example.org",
    'curl -H "Authorization: Basic {}" https://example.org',
    "curl -H 'X-Api-Key: {}' https://example.org",
    "curl -X POST -d 'user=ada&password={}' https://example.org",
    "sshpass -p {} ssh ada@host",
    "sshpass -p{} scp x ada@host:",
    "export TOKEN={}",
    "export GITHUB_TOKEN={} CI=1",
    "DB_PASS={} ./serve --port 80",
    "MY_SECRET_KEY={} make deploy",
    "AWS_SECRET_ACCESS_KEY={} aws s3 ls",
    "tool --password {} --verbose",
    "tool --api-key={}",
    "tool --token {}",
    "docker login -u ada -p {} registry.example.org",
    "docker run -e POSTGRES_PASSWORD={} postgres:16",
    "echo {} | docker login --password-stdin registry.example.org",
    "echo {} | sudo -S apt update",
    "redis-cli -h db -a {} ping",
    "smbclient //nas/x -U ada%{}",
    "kubectl create secret generic x --from-literal=password={}",
    "helm install x ./x --set auth.password={}",
    "aws configure set aws_secret_access_key {}",
    "vault login {}",
    "nmcli device wifi connect home password {}",
    "gpg --batch --passphrase {} -d x.gpg",
    "htpasswd -b .htpasswd ada {}",
    "ssh host 'mysql -p{} shop'",
    'bash -c "export API_KEY={}; ./run"',
    "cd /srv && mysql -p{} shop && ls",
    "for i in 1 2; do sshpass -p {} ssh host$i; done",
    "git commit -m x; TOKEN={} git push",
    "SSHPASS={} sshpass -e ssh h",
    "setenv API_KEY {}",
    "rar a -hp{} a.rar b",
    "htpasswd -nb ada {}",
    "kubectl create secret generic s --from-literal=p={}",
    "vault kv put secret/x p={}",
    "twine upload -u ada -p {} dist/x",
    "gh secret set NAME --body {}",
    "gh secret set NAME -b {}",
    "ansible-vault encrypt_string {}",
    "iwconfig wlan0 key {}",
    "influx -username ada -password {}",
    "mssql-cli -U ada -P {}",
    "mysqladmin -u root password {}",
    "keytool -storepass {} -list",
    "keytool -genkey -keypass {}",
    "psql -c \"alter user u with password '{}'\"",
    "mysql -e \"create user u identified by '{}'\"",
    "mysql -e \"set password = '{}'\"",
    "docker exec c mysql -uroot -p{}",
    "ssh h mysql -uroot -p{}",
    "passwd ada < <(echo {})",
    "wg set wg0 private-key <(echo {})",
    "redis-cli AUTH {}",
    "redis-cli CONFIG SET requirepass {}",
    "smbclient //h/s {} -U ada",
    "net use x: //h/s {} /user:a",
    "pdftk a input_pw {} output b",
    "qpdf --encrypt {} y 256 -- a b",
    "pulumi config set name {} --secret",
    "heroku config:set FOO={}",
    "fly secrets set A={}",
    "cargo login {}",
    "wandb login {}",
    "poetry publish -u x -p {}",
    "ssh-keygen -N {} -f k",
    "mc alias set x http://h AK {}",
    "aws ssm put-parameter --name x --value {}",
    "doctl -t {} compute ls",
    "echo {} | gh secret set X",
    "wrangler secret put X <<< {}",
    "mysql -e \"set password for x = '{}'\"",
    "echo 'machine h login a password {}' >> ~/.netrc",
    "echo {} | su -c ls",
    "su - ada <<< {}",
    "pass insert -e x <<< {}",
    "read -s x <<< {}",
]  # fmt: skip
URLS = [
    "git clone https://ada:{}@example.org/x.git",
    "psql postgresql://ada:{}@db/shop",
    "wget ftp://ada:{}@host/x",
]
IN_QUOTES = [
    "mysql -u root -p'{}' shop",
    "tool --password '{}' --verbose",
    "tool --password='{}'",
    "export TOKEN='{}'",
    "export TOKEN=\"{}\"; ls",
    "sshpass -p '{}' ssh ada@host",
    "curl -u 'ada:{}' https://example.org",
    "PGPASSWORD='{}' psql",
    "docker login -u ada -p '{}'",
]  # fmt: skip


@given(st.sampled_from(FORMS), PLAIN)
def test_a_secret_behind_its_name_is_gone(form, secret):
    assert secret not in mask_secrets(form.replace("{}", secret)).replace("[redacted]", "")


@given(st.sampled_from(IN_QUOTES), QUOTED.filter(lambda text: "$" not in text))
def test_a_secret_in_quotes_is_gone_with_its_blanks(form, secret):
    kept = mask_secrets(form.replace("{}", secret)).replace("[redacted]", "")
    assert secret not in kept
    assert not any(len(part) > 5 and part in kept for part in secret.split())


@given(st.sampled_from(URLS), st.text(ALNUM + "_.!*", min_size=6, max_size=24))
def test_a_password_in_an_address_is_gone(form, secret):
    assert secret not in mask_secrets(form.replace("{}", secret))


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 9,
        "glpat-a1B2c3D4e5F6g7H8",
        "sk-proj-" + "a1B2" * 8,
        "sk-ant-api03-" + "a1B2" * 8,
        "xoxb-123456789012-abcdefABCDEF",
        "AIzaSyA1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6Q",
        "sk_live_" + "a1B2" * 6,
        "hf_" + "abCD" * 8,
        "npm_" + "a1B2" * 9,
        "SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "hvs.CAESIJabcdefghijklmnop",
        "dop_v1_" + "0a1b" * 16,
    ],
)
@pytest.mark.parametrize("line", ["{}", "echo {}", "deploy --with={} now", "printf '%s' \"{}\" > x"])
def test_a_key_is_known_by_its_shape(secret, line):
    assert secret not in mask_secrets(line.replace("{}", secret))


@given(
    st.binary(min_size=60, max_size=200),
    st.sampled_from(["", "RSA ", "OPENSSH ", "EC ", "ENCRYPTED "]),
    st.booleans(),
)
def test_a_private_key_goes_as_a_block_even_if_its_end_is_missing(noise, kind, whole):
    import base64

    body = base64.encodebytes(noise).decode()
    end = f"-----END {kind}PRIVATE KEY-----\nEOF" if whole else ""
    kept = mask_secrets(f"cat > key <<EOF\n-----BEGIN {kind}PRIVATE KEY-----\n{body}{end}")
    assert not any(row in kept for row in body.split())


@given(st.text(max_size=300))
def test_any_text_is_masked_without_harm_and_once_is_enough(text):
    once = mask_secrets(text)
    assert mask_secrets(once).count("[redacted]") <= once.count("[redacted]") + 1


@pytest.mark.parametrize(
    "line",
    [
        "git show 0123456789abcdef0123456789abcdef01234567",
        "docker run x@sha256:" + "0123456789abcdef" * 4,
        "cd /data/experiment-2024-01-15-resnet50-imagenet",
        "ssh -o StrictHostKeyChecking=no -p 22 ada@host",
        "sort --key=2 -t, x.csv",
        "mysql -u root -p shop",
        "mysql -P 3306 -u root",
        "export TOKEN=$OTHER",
        'curl -H "X-Api-Key: $KEY" https://example.org',
        "git commit -m 'fix the token parser: key handling'",
        "grep -r password src/",
        "pass show github",
        "ssh-keygen -t ed25519 -f ~/.ssh/id",
        "openssl rand -hex 32",
        "kubectl get secret my-secret -o yaml",
        "docker run -p 8080:80 -u 1000:1000 nginx",
        "tar -czpf x.tgz src",
        "cp -p a b && mkdir -p c/d",
        "find . -name '*.pyc' -print0 | xargs -0 rm",
        "ls /usr/lib/x86_64-linux-gnu/libsomething-very-long-name-1.2.3.so",
        "for f in *.txt; do echo \"$f\"; done",
        "awk -F: '{print $1}' /etc/passwd",
        "cd \"$OLDPWD\"; PWD=/tmp ls",
        "pip install 'requests>=2,<3'",
        "tool --password-file ~/.pw",
        "echo hello | sudo tee /etc/motd",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays_as_it_is(line):
    assert mask_secrets(line) == line


def test_a_variable_in_quotes_that_stop_it_is_a_password():
    assert "$ecret" not in mask_secrets("mysql -p'$ecret' shop")


@pytest.mark.parametrize("text", ["a" * 400_000, "a1" * 200_000, "token=" * 60_000, "'\"" * 100_000, "-p " * 100_000, "=" * 300_000,
                                  "key_" * 100_000, "-----BEGIN " * 30_000, "\\" * 300_000, "A1/" * 100_000, "x=$a " * 60_000])  # fmt: skip
def test_time_is_linear_whatever_is_typed(text):
    started = time.process_time()
    mask_secrets(text)
    assert time.process_time() - started < 20


def test_a_secret_is_not_taken_for_the_name_of_the_next_word():
    assert mask_secrets("mysql -psecretpw shop") == "mysql -p[redacted] shop"
    assert (
        mask_secrets("curl -uada:mytoken https://example.org") == "curl -uada:[redacted] https://example.org"
    )

"""Law: editors/emacs asks, streams, stops and runs lines as its page says, in a real Emacs."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import DEADLINE_S, Daemon
from tests.editor_house import EDITORS, SLOW, home_without_a_daemon
from tests.examples import blocks_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("emacs") is None, reason="emacs is not installed"),
]

PRELUDE = f"""
(add-to-list 'load-path "{EDITORS}/emacs")
(require 'isaac)
(setq isaac-program "isaacctl")
(defvar test-said nil)
(defvar test-ended 0)
(defvar test-asked nil)
(defun say (name value) (push (cons name value) test-said))
(defun wait (what)
  (with-timeout (60 (error "Waited in vain"))
    (while (not (funcall what)) (accept-process-output nil 0.01))))
(defun text (buffer) (with-current-buffer buffer (buffer-substring-no-properties (point-min) (point-max))))
(defun exit-of (buffer)
  (if (not (bufferp buffer)) "nothing"
    (let ((process (get-buffer-process buffer)))
      (if (not process) "ended"
        (wait (lambda () (not (process-live-p process))))
        (process-exit-status process)))))
(add-hook 'isaac-ended-hook (lambda () (setq test-ended (1+ test-ended))))
"""
END = """
(with-temp-file "said.json" (insert (json-encode test-said)))
"""


def emacs(environ: Mapping[str, str], folder: Path, script: str) -> Any:
    """Run Lisp in an Emacs with nothing but the file, and return what the script has said."""
    (folder / "test.el").write_text(f";; -*- lexical-binding: t -*-\n{PRELUDE}{script}{END}")
    done = subprocess.run(
        ["emacs", "-Q", "--batch", "-l", "test.el"],
        env={**environ, "SHELL": "/bin/bash"}, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert (folder / "said.json").exists(), done.stderr
    return json.loads((folder / "said.json").read_text())


def test_the_region_goes_along_and_the_answer_grows_in_a_buffer(
    editor_daemon: Daemon, tmp_path: Path
) -> None:
    said = emacs(
        editor_daemon.home.environ,
        tmp_path,
        """
        (with-temp-buffer
          (python-mode)
          (insert "grün = 2\\ns = '```'\\n")
          (let ((answer (isaac-ask "what is this?" (buffer-string))))
            (wait (lambda () (= test-ended 1)))
            (say "text" (text answer))
            (say "fixed" (buffer-local-value 'buffer-read-only answer))
            (say "windows" (length (get-buffer-window-list answer)))))
        (let ((answer (isaac-ask "and alone?")))
          (wait (lambda () (= test-ended 2)))
          (say "second" (text answer)))
        """,
    )
    assert said["text"] == "re: what is this?\n\n````python\ngrün = 2\ns = '```'\n````"
    assert (said["second"], said["fixed"], said["windows"]) == ("re: and alone?", True, 1)


def test_an_answer_is_stopped_by_its_key_the_end_of_its_buffer_and_a_quit(
    editor_daemon: Daemon, tmp_path: Path
) -> None:
    said = emacs(
        editor_daemon.home.environ,
        tmp_path,
        """
        (setq before (isaac-call "slow.count" nil))
        (defun begin ()
          (let ((buffer (isaac-answer "slow.wait" nil "wait")))
            (wait (lambda () (string-match-p "waiting" (text buffer))))
            buffer))
        (let ((first (begin)))
          (with-current-buffer first (call-interactively (key-binding (kbd "C-c C-c"))))
          (wait (lambda () (= test-ended 1)))
          (say "first" (text first))
          (with-current-buffer first (isaac-stop)))
        (kill-buffer (begin))
        (wait (lambda () (= (+ 2 before) (isaac-call "slow.count" nil))))
        (let ((begun (isaac-call "slow.started" nil)))
          (defun quit-once-it-waits ()
            (if (> (isaac-call "slow.started" nil) begun) (signal 'quit nil)
              (run-at-time 0.02 nil #'quit-once-it-waits))))
        (run-at-time 0.02 nil #'quit-once-it-waits)
        (say "quit" (condition-case nil (progn (isaac-call "slow.wait" nil) "ended") (quit "quit")))
        (wait (lambda () (= (+ 3 before) (isaac-call "slow.count" nil))))
        """,
    )
    assert said["first"].startswith("waiting\nerror: ")
    assert said["quit"] == "quit"


def test_mistakes_are_told_where_the_answer_would_be(editor_daemon: Daemon, tmp_path: Path) -> None:
    said = emacs(
        editor_daemon.home.environ,
        tmp_path,
        """
        (let ((answer (isaac-answer "ask" '((qestion . "x")) "x")))
          (wait (lambda () (= test-ended 1)))
          (say "text" (text answer)))
        (say "call" (condition-case wrong (isaac-call "gret" nil) (user-error (cadr wrong))))
        """,
    )
    assert "error: ask: unknown argument `qestion`\ndid you mean `question`?" in said["text"]
    assert said["call"].startswith("Isaac: no command 'gret'\n")


def test_a_line_is_run_as_its_tier_demands(editor_daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    said = emacs(
        editor_daemon.home.environ,
        tmp_path,
        """
        (defvar test-yes nil)
        (defvar test-phrase "")
        (defun yes-or-no-p (prompt) (push prompt test-asked) test-yes)
        (defun read-string (prompt &rest _) (push prompt test-asked) test-phrase)
        (setq shell-file-name "/bin/bash")
        (say "reads" (exit-of (isaac-run "ls > /dev/null")))
        (say "no" (exit-of (isaac-run "python3 -c 0; echo no > no")))
        (setq test-yes t)
        (say "yes" (exit-of (isaac-run "python3 -c 0; echo yes > yes; exit 4")))
        (let ((default-directory (expand-file-name "tree/")))
          (say "refused" (exit-of (isaac-run "rm -rf ../tree")))
          (setq test-phrase "delete")
          (say "wrong" (condition-case wrong (isaac-run "rm -rf ../tree") (user-error (cadr wrong))))
          (string-match "Type `\\\\([^']*\\\\)' to run it" (car test-asked))
          (setq test-phrase (match-string 1 (car test-asked)))
          (say "phrase" (exit-of (isaac-run "rm -rf ../tree"))))
        (say "nothing" (exit-of (isaac-run "# nothing")))
        (say "asked" (vconcat (reverse test-asked)))
        """,
    )
    assert [said[name] for name in ("no", "yes", "refused", "phrase", "nothing")] == [
        "nothing",
        4,
        "nothing",
        0,
        "nothing",
    ]
    assert said["reads"] == 0
    assert (tmp_path / "yes").exists()
    assert not (tmp_path / "no").exists()
    assert not (tmp_path / "tree").exists()
    assert "python3 -c 0; echo no > no\n\ntier 3\n- " in said["asked"][0]
    assert said["wrong"].startswith("Isaac: ")


def test_a_task_becomes_a_command_at_point(editor_daemon: Daemon, tmp_path: Path) -> None:
    said = emacs(
        editor_daemon.home.environ,
        tmp_path,
        """
        (defun completing-read (_ items &rest _) (car items))
        (with-temp-buffer
          (isaac-suggest "undo the last git commit")
          (say "text" (buffer-string)))
        """,
    )
    assert said["text"]


def test_a_daemon_that_dies_ends_the_answer_and_the_next_question_starts_another(tmp_path: Path) -> None:
    with home_without_a_daemon() as home:
        home.write_plugin("slow", SLOW)
        said = emacs(
            home.environ,
            tmp_path,
            """
            (let ((first (isaac-answer "slow.wait" nil "wait")) pid)
              (wait (lambda () (string-match-p "waiting" (text first))))
              (setq pid (alist-get 'pid (isaac-call "ping" nil)))
              (signal-process pid 9)
              (wait (lambda () (= test-ended 1)))
              (say "first" (text first))
              (let ((second (isaac-ask "undo the last git commit")))
                (wait (lambda () (= test-ended 2)))
                (say "second" (text second)))
              (say "other" (if (= pid (alist-get 'pid (isaac-call "ping" nil))) "same" "other")))
            """,
        )
    assert said["first"] == "waiting\nerror: the daemon has left; this is not the whole answer\n"
    assert "git reset" in said["second"]
    assert said["other"] == "other"


def test_without_a_daemon_and_without_isaacctl_it_says_what_to_do(tmp_path: Path) -> None:
    with home_without_a_daemon() as home:
        said = emacs(
            home.environ,
            tmp_path,
            """
            (setq isaac-program "no-such-isaacctl")
            (let ((answer (isaac-ask "x")))
              (wait (lambda () (= test-ended 1)))
              (say "text" (text answer)))
            """,
        )
    assert "no-such-isaacctl cannot be run" in said["text"]
    assert "install Isaac, or set isaac-program" in said["text"]


def test_its_page_installs_it(tmp_path: Path) -> None:
    with home_without_a_daemon() as home:
        (home.directory / "isaac").mkdir()
        (home.directory / "isaac/editors").symlink_to(EDITORS)
        (block,) = [
            block for block in blocks_of((EDITORS / "emacs/README.md").read_text()) if block.kind == "elisp"
        ]
        (tmp_path / "init.el").write_text(block.text)
        done = subprocess.run(
            ["emacs", "-Q", "--batch", "-l", "init.el", "--eval", "(princ (key-binding (kbd \"C-c i\")))"],
            env=home.environ, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=DEADLINE_S, check=False,
        )  # fmt: skip
    assert done.stdout == "isaac-ask", done.stderr


def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "isaac.el").write_bytes((EDITORS / "emacs/isaac.el").read_bytes())
    done = subprocess.run(
        ["emacs", "-Q", "--batch", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile", "isaac.el"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

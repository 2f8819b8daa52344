"""Diffs as git writes them, read into files and numbered lines."""

from hypothesis import given
from hypothesis import strategies as st

from isaacd.assist.diff import read_diff

DIFF = r"""diff --git a/src/box.py b/src/box.py
index 1111111..2222222 100644
--- a/src/box.py
+++ b/src/box.py
@@ -1,4 +1,5 @@ def pack(box):
 one
-two
+TWO
+three
 four
--- not a header
\ No newline at end of file
diff --git a/old name.txt b/new name.txt
similarity index 95%
rename from old name.txt
rename to new name.txt
diff --git a/gone.sh b/gone.sh
deleted file mode 100755
index 1111111..0000000
--- a/gone.sh
+++ /dev/null
@@ -1 +0,0 @@
-echo
diff --git a/pic.png b/pic.png
new file mode 100644
index 0000000..1111111
Binary files /dev/null and b/pic.png differ
diff --git "a/\303\274.txt" "b/\303\274.txt"
new file mode 100644
--- /dev/null
+++ "b/\303\274.txt"
@@ -0,0 +1 @@
+hello
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
"""


def test_each_file_says_what_happened_to_it():
    files = read_diff(DIFF)
    assert [(file.path, file.change, file.before) for file in files] == [
        ("src/box.py", "changed", None),
        ("new name.txt", "renamed", "old name.txt"),
        ("gone.sh", "deleted", None),
        ("pic.png", "added", None),
        ("ü.txt", "added", None),
        ("run.sh", "mode", None),
    ]
    assert files[3].is_binary


def test_lines_are_numbered_as_in_their_file():
    (file, *_) = read_diff(DIFF)
    assert [(line.number, line.text) for line in file.added()] == [(2, "TWO"), (3, "three")]
    assert [(line.number, line.text) for line in file.removed()] == [(2, "two"), (4, "-- not a header")]
    assert file.hunks[0].about == "def pack(box):"


def test_a_diff_without_git_is_read_too():
    (file,) = read_diff("--- a.txt\t2026-01-01\n+++ a.txt\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n")
    assert (file.path, [line.text for line in file.added()]) == ("a.txt", ["b"])


def test_the_parts_of_all_files_are_the_diff():
    assert "".join(file.text + "\n" for file in read_diff(DIFF)).rstrip("\n") == DIFF.rstrip("\n")


def test_what_is_no_diff_has_no_files():
    assert read_diff("hello\nworld") == []


@given(st.text(alphabet=st.sampled_from(list("+-@ dif\n\\/ab0,1")), max_size=200))
def test_no_text_makes_it_fail(text):
    read_diff(text)
    read_diff(DIFF[:90] + text)

"""Files that cannot be imported are found before they are deployed."""

import warnings

import pytest

from sqslab.stack.syntax import syntax_errors


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (b"x = 1\ndef broken(\n", "line 2: '(' was never closed"),
        (b"\n\nreturn 1\n", "line 3: 'return' outside function"),
        (b"if x:\ny\n", "line 2: expected an indented block after 'if' statement on line 1"),
        (b"x = '\xff'\n", "(unicode error)"),
        (b"x = 1\0", "null bytes"),
    ],
)
def test_a_syntax_error_is_told_with_file_and_line(tmp_path, source, error):
    (tmp_path / "worker").mkdir()
    (file := tmp_path / "worker" / "app.py").write_bytes(source)
    (found,) = syntax_errors([str(file)], tmp_path)
    assert found.startswith("syntax error in worker/app.py")
    assert error in found


def test_what_can_be_imported_and_what_is_no_python_is_fine_and_nothing_is_run(tmp_path):
    (good := tmp_path / "good.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nawait_ = '\\d'\n")
    (other := tmp_path / "app.js").write_text("def broken(")
    with warnings.catch_warnings(action="error"):
        assert syntax_errors(map(str, [good, other, tmp_path / "gone.py"]), tmp_path) == []
    assert not (tmp_path / "ran").exists()


def test_each_file_is_told_also_one_outside_the_folder(tmp_path):
    for name in ("b.py", "a.py"):
        (tmp_path / name).write_text("def")
    found = syntax_errors([str(tmp_path / "b.py"), str(tmp_path / "a.py")], tmp_path / "worker")
    assert [line.split(",")[0] for line in found] == [f"syntax error in {tmp_path / name}" for name in ("a.py", "b.py")]

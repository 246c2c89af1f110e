"""`sqslab up` on a small stack with `Events: Type: SQS` and no layer, such as the public starters are."""

import signal

import pytest

from sqslab_testing.up import SOURCE, TEMPLATE, Up


@pytest.fixture(scope="module")
def up(tmp_path_factory, wait_for):
    running = Up(tmp_path_factory.mktemp("my_shop"), tmp_path_factory.mktemp("temporary"))
    try:
        wait_for(lambda: running.program.has_said("ready: polling 1 event source mapping"), seconds=120)
        yield running
    finally:
        running.program.close()


def test_a_message_goes_through_the_function_and_its_log_line_is_shown(up, wait_for):
    up.send("fine")
    wait_for(lambda: up.count("1 message done, 0 failed"))
    # with the parameter of the command line
    wait_for(lambda: up.count("Worker | good morning from the first version"))


def test_a_failed_one_comes_back_until_sqs_dead_letters_it(up, wait_for):
    up.send("bad")
    wait_for(lambda: up.count("0 messages done, 1 failed") == 2)


def test_no_body_is_printed(up):
    up.send("a secret body")
    assert up.count("secret") == 0


def test_it_says_how_to_send_from_another_terminal(up):
    assert up.count(f"sqslab send --template-file {up.template} Jobs hello") == 1
    assert up.count("aws sqs send-message --queue-url http://127.0.0.1") == 1
    assert up.count(" --endpoint-url http://127.0.0.1") == 1


def test_a_second_one_of_the_same_project_is_refused(up):
    completed = up.local("up")
    assert completed.returncode == 1
    assert completed.stderr.startswith(f"error: `sqslab up` runs {up.template} already.")
    assert len(completed.stderr.splitlines()) == 1


def test_a_saved_file_updates_the_function(up, wait_for):
    up.source.write_text(SOURCE.replace("first", "second"))
    wait_for(lambda: up.count("saved: the functions are up to date") == 1, seconds=120)
    up.send("fine")
    wait_for(lambda: up.count("Worker | good morning from the second version"))


def test_a_failed_build_is_told_and_the_old_code_stays(up, wait_for):
    # given
    requirements = up.source.with_name("requirements.txt")
    requirements.write_text("./there-is-no-such-folder\n")
    wait_for(lambda: up.count("`sam build` failed"), seconds=120)
    wait_for(lambda: up.count("The functions are as they were before"))
    before = up.count("Worker | good morning from the second version")
    # then
    up.send("fine")
    wait_for(lambda: up.count("Worker | good morning from the second version") > before)
    # and when it is mended
    updates = up.count("saved: the functions are up to date")
    requirements.unlink()
    wait_for(lambda: up.count("saved: the functions are up to date") > updates, seconds=120)


def test_a_syntax_error_is_told_with_file_and_line_and_the_old_code_stays(up, wait_for):
    # given
    before = up.source.read_text()
    updates = up.count("saved: sam build")
    up.source.write_text(before + "def broken(\n")
    line = len(before.splitlines()) + 1
    wait_for(lambda: up.count(f"syntax error in worker/app.py, line {line}: '(' was never closed"))
    # then also when another file is saved
    up.source.with_name("other.py").write_text("")
    wait_for(lambda: up.count("syntax error in worker/app.py") == 2)
    assert up.count("saved: sam build") == updates
    done = up.count("1 message done, 0 failed")
    up.send("fine")
    wait_for(lambda: up.count("1 message done, 0 failed") > done)
    # and when it is mended
    told = up.count("saved: the functions are up to date")
    up.source.write_text(before)
    wait_for(lambda: up.count("saved: the functions are up to date") > told, seconds=120)


def test_it_ends_with_nothing_left(up):
    # the last test of this file: it stops what the others use
    up.program.signal(signal.SIGTERM)
    assert up.program.exit_code() == 0, up.program.output
    assert "Traceback" not in up.program.output
    assert up.program.left_behind() == []
    assert list(up.program.temporary_directory.iterdir()) == []
    assert not (up.template.parent / ".aws-sam" / "local-up.json").exists()
    completed = up.local("send", "Jobs", "x")
    assert completed.returncode == 1
    assert completed.stderr.startswith(f"error: Nothing runs {up.template}.")


@pytest.mark.parametrize(
    ("said", "number"),
    [("sam build ...", signal.SIGTERM), ("sam deploy ...", signal.SIGINT), ("saved: sam", signal.SIGINT)],
    ids=["while it builds", "while it deploys", "while it updates"],
)
def test_it_can_be_stopped_at_any_moment(tmp_path_factory, wait_for, said, number):
    up = Up(tmp_path_factory.mktemp("stopped"), tmp_path_factory.mktemp("temporary"))
    try:
        if said.startswith("saved"):
            wait_for(lambda: up.program.has_said("ready"), seconds=120)
            up.source.write_text(SOURCE.replace("first", "second"))
        wait_for(lambda: up.program.has_said(said), seconds=120)
        up.program.signal(number)
        assert up.program.exit_code() == 0, up.program.output
        assert "Traceback" not in up.program.output
        assert up.program.left_behind() == []
        assert list(up.program.temporary_directory.iterdir()) == []
        assert not (up.template.parent / ".aws-sam" / "local-up.json").exists()
    finally:
        up.program.close()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--template-file", "not-there.yaml"], "There is no "),
        (["--parameter-overrides", "nothing"], "nothing is not a parameter override"),
        (
            ["--lambda-endpoint-url", "https://lambda.us-east-1.amazonaws.com"],
            "https://lambda.us-east-1.amazonaws.com is AWS",
        ),
    ],
)
def test_a_wrong_argument_is_one_message(run_local, tmp_path, arguments, error):
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    program = run_local("up", *arguments, folder=tmp_path)
    assert program.exit_code() == 1
    assert program.output.startswith(f"error: {error}")
    assert len(program.lines) == 1


def test_a_container_image_is_refused_by_name_before_anything_is_built(run_local, tmp_path):
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("Handler: app.handler", "PackageType: Image"))
    program = run_local("up", "--template-file", str(tmp_path))
    assert program.exit_code() == 1
    assert program.output.startswith(f"error: Worker in {tmp_path / 'template.yaml'}: container images (PackageType:")
    assert len(program.lines) == 1
    assert not (tmp_path / ".aws-sam").exists()

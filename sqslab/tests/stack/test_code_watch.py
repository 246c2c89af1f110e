"""Which changes of files count as a change of the code."""

import os
import time

import pytest
from watchdog.events import FileModifiedEvent, FileOpenedEvent

from sqslab.stack import code_watch as watch_module
from sqslab.stack.code_watch import CodeWatch
from sqslab.stack.project import Project


@pytest.fixture
def project(tmp_path):
    for folder in ("src", "layer/inner", "docs", ".aws-sam"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "template.yaml").write_text("Resources: {}")
    (tmp_path / "src" / "app.py").write_text("first")
    # as `sam build` writes it
    (tmp_path / ".aws-sam" / "build.toml").write_text(
        f'[function_build_definitions.a]\ncodeuri = "{tmp_path}/src"\n'
        f'[layer_build_definitions.b]\ncodeuri = "{tmp_path}/layer"\n'
    )
    return Project.find(str(tmp_path))


@pytest.mark.parametrize("file", ["src/app.py", "src/new.py", "layer/inner/module.py", "template.yaml"])
def test_a_saved_file_of_the_code_is_noticed_once(project, wait_for, file):
    with CodeWatch(project) as watch:
        assert not watch.changed()
        (project.directory / file).write_text("something else")
        wait_for(watch.changed)
        assert not watch.changed()


@pytest.mark.parametrize("file", ["src/app.py", "src/new.py", "template.yaml"])
def test_what_was_saved_while_the_first_build_ran_is_a_change(project, wait_for, file):
    with CodeWatch(project, since=time.time() + 60) as watch:
        assert not watch.changed()
    begun = time.time()
    # by moving it into place, with an old time of change, as some editors and tools do
    saved = project.directory / file
    draft = project.directory / "draft"
    draft.write_text("x")
    os.utime(draft, (0, 0))
    wait_for(lambda: time.time() > begun + 0.05)
    begun = time.time() - 0.01
    draft.rename(saved)
    with CodeWatch(project, since=begun) as watch:
        wait_for(watch.changed)
        assert not watch.changed()


def test_a_renamed_and_a_deleted_file_are_noticed(project, wait_for):
    with CodeWatch(project) as watch:
        app = project.directory / "src" / "app.py"
        app.rename(app.with_name("main.py"))
        wait_for(watch.changed)
        app.with_name("main.py").unlink()
        wait_for(watch.changed)


@pytest.mark.parametrize("file", ["src/.app.py.swp", "src/app.pyc", "src/app.py~", "docs/page.md", "README.md"])
def test_what_is_no_code_is_not(project, monkeypatch, file):
    monkeypatch.setattr(watch_module, "_QUIET_SECONDS", 0)
    watch = CodeWatch(project)
    path = project.directory / file
    path.write_text("x")
    watch.on_any_event(FileModifiedEvent(str(path)))
    assert not watch.changed()


def test_a_file_that_is_read_is_not_changed(project, monkeypatch):
    monkeypatch.setattr(watch_module, "_QUIET_SECONDS", 0)
    watch = CodeWatch(project)
    path = project.directory / "src" / "app.py"
    path.read_text()
    watch.on_any_event(FileOpenedEvent(str(path)))
    assert not watch.changed()


def test_nothing_is_said_before_it_has_been_quiet(project, monkeypatch):
    monkeypatch.setattr(watch_module, "_QUIET_SECONDS", 600)
    watch = CodeWatch(project)
    path = project.directory / "src" / "app.py"
    path.write_text("half of what is to com")
    watch.on_any_event(FileModifiedEvent(str(path)))
    assert not watch.changed()
    monkeypatch.setattr(watch_module, "_QUIET_SECONDS", 0)
    assert watch.changed()


def test_what_was_saved_and_is_not_deployed_is_remembered_until_it_is(project, wait_for):
    app, new = project.directory / "src" / "app.py", project.directory / "src" / "new.py"
    with CodeWatch(project) as watch:
        assert watch.undeployed() == []
        app.write_text("something else")
        wait_for(watch.changed)
        assert watch.undeployed() == [str(app)]
        watch.follow_build(deployed=False)
        new.write_text("x")
        wait_for(watch.changed)
        assert sorted(watch.undeployed()) == [str(app), str(new)]
        watch.follow_build()
        assert watch.undeployed() == []


def test_what_was_saved_while_the_first_build_ran_is_not_deployed(project, wait_for):
    with CodeWatch(project, since=0) as watch:
        wait_for(watch.changed)
        assert str(project.directory / "src" / "app.py") in watch.undeployed()


def test_a_function_that_a_build_added_is_watched_from_then_on(project, wait_for):
    with CodeWatch(project) as watch:
        folder = project.directory / "second"
        folder.mkdir()
        notes = project.directory / ".aws-sam" / "build.toml"
        notes.write_text(notes.read_text() + f'[function_build_definitions.c]\ncodeuri = "{folder}"\n')
        watch.follow_build()
        (folder / "app.py").write_text("x")
        wait_for(watch.changed)

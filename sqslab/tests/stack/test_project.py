"""Whose template is run, and with which settings."""

import pytest

from sqslab.errors import SqslabError
from sqslab.stack import sam
from sqslab.stack.project import Project

PARAMETERS = """
Parameters:
  Size: {Type: String, Default: from-template}
  Mood: {Type: String, Default: from-template}
  Place: {Type: String, Default: from-template}
Resources:
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  Size: {Value: !Ref Size}
  Mood: {Value: !Ref Mood}
  Place: {Value: !Ref Place}
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "12 my_shop"
    folder.mkdir()
    (folder / "template.yaml").write_text(PARAMETERS)
    return folder


def options(project, directory):
    """The options of `sam deploy`, each with its values."""
    found = {}
    for word in project.deploy_options(directory, "us-east-1"):
        if word.startswith("--"):
            found[word] = []
            name = word
        else:
            found[name].append(word)
    return found


def test_without_a_name_it_is_the_folder_that_one_stands_in(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert Project.find() == Project(folder / "template.yaml")
    assert Project.find().directory == folder


def test_a_folder_without_a_template_is_told_with_what_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SqslabError) as caught:
        Project.find()
    assert caught.value.message == (
        f"There is no {tmp_path / 'template.yaml'} and no {tmp_path / 'template.yml'}. "
        "Name a SAM template or its folder."
    )


@pytest.mark.parametrize("name", ["template.yaml", "template.yml"])
def test_a_folder_stands_for_the_template_in_it(tmp_path, name):
    (tmp_path / name).write_text("Resources: {}")
    assert Project.find(str(tmp_path)) == Project.find(str(tmp_path / name))


def test_a_template_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(SqslabError, match=r"There is no .*none\.yaml"):
        Project.find(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("override", ["Size", "=5", "My-Size=5"])
def test_what_is_no_override_is_one_clear_error(folder, override):
    with pytest.raises(SqslabError, match="NAME=VALUE"):
        Project.find(str(folder), [override])


@pytest.mark.parametrize("name", ["samconfig.toml", "samconfig.yaml", "samconfig.yml"])
def test_a_samconfig_that_cannot_be_read_is_one_clear_error(folder, name):
    (folder / name).write_text("[local")
    with pytest.raises(SqslabError, match=rf"{name} cannot be read"):
        _ = Project.find(str(folder)).stack_name


def test_without_settings_there_are_defaults(folder, tmp_path):
    project = Project.find(str(folder))
    found = options(project, tmp_path)
    assert found["--stack-name"] == ["stack-12-my-shop-local"]
    assert found["--s3-bucket"] == ["amzn-s3-demo-stack-12-my-shop-local"]
    assert found["--region"] == ["us-east-1"]
    assert found["--capabilities"] == ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def test_settings_for_aws_are_not_taken(folder, tmp_path):
    (folder / "samconfig.toml").write_text('[default.global.parameters]\nstack_name = "in-production"\n')
    project = Project.find(str(folder))
    assert project.stack_name == "stack-12-my-shop-local"
    assert options(project, tmp_path)["--config-file"] == [str(tmp_path / "samconfig.toml")]


def test_settings_for_the_emulator_are_taken(folder, tmp_path):
    (folder / "samconfig.toml").write_text(
        'version = 0.1\n[local.global.parameters]\nstack_name = "mine"\n'
        '[local.deploy.parameters]\ns3_bucket = "my-bucket"\ncapabilities = "CAPABILITY_IAM"\n'
    )
    found = options(Project.find(str(folder)), tmp_path)
    assert found["--stack-name"] == ["mine"]
    assert found["--s3-bucket"] == ["my-bucket"]
    assert "--capabilities" not in found
    assert found["--config-file"] == [str(folder / "samconfig.toml")]
    assert found["--config-env"] == ["local"]


YAML = """
version: 0.1
default: {global: {parameters: {stack_name: on-aws}}}
local:
  global: {parameters: {stack_name: in-yaml}}
  deploy: {parameters: {parameter_overrides: [Size=from-config]}}
"""


@pytest.mark.parametrize("name", ["samconfig.yaml", "samconfig.yml"])
def test_settings_may_be_in_yaml(folder, emulator, name):
    (folder / name).write_text(YAML)
    project = Project.find(str(folder))
    assert project.stack_name == "in-yaml"
    sam.build(emulator.endpoint_url, emulator.directory, project)
    outputs = sam.deploy(emulator.endpoint_url, emulator.directory, project)
    assert outputs == {"Size": "from-config", "Mood": "from-template", "Place": "from-template"}


def test_of_two_samconfigs_it_is_the_one_that_sam_takes(folder, tmp_path):
    (folder / "samconfig.yaml").write_text(YAML)
    (folder / "samconfig.toml").write_text('version = 0.1\n[local.global.parameters]\nstack_name = "in-toml"\n')
    project = Project.find(str(folder))
    assert project.stack_name == "in-toml"
    assert options(project, tmp_path)["--config-file"] == [str(folder / "samconfig.toml")]


def test_the_stack_on_aws_is_that_of_the_default_environment(folder):
    assert Project.find(str(folder)).deployed_stack_name is None
    (folder / "samconfig.yaml").write_text(YAML)
    assert Project.find(str(folder)).deployed_stack_name == "on-aws"


@pytest.mark.parametrize(
    ("resources", "images"),
    [
        ("Globals: {Function: {PackageType: Image}}", ["Plain"]),
        ("", ["Own"]),
    ],
)
def test_functions_that_are_container_images_are_found(folder, resources, images):
    (folder / "template.yaml").write_text(
        f"{resources}\nResources:\n  Queue: {{Type: AWS::SQS::Queue}}\n"
        "  Plain: {Type: AWS::Serverless::Function, Properties: {Role: !GetAtt R.Arn}}\n"
        f"  Own: {{Type: AWS::Serverless::Function, Properties: {{PackageType: {'Zip' if resources else 'Image'}}}}}\n"
    )
    assert Project.find(str(folder)).image_functions == images


def test_a_bucket_that_sam_makes_itself_is_left_to_it(folder, tmp_path):
    (folder / "samconfig.toml").write_text("[local.deploy.parameters]\nresolve_s3 = true\n")
    project = Project.find(str(folder))
    assert project.bucket is None
    assert "--s3-bucket" not in options(project, tmp_path)


@pytest.mark.parametrize(
    "configured", ['"Size=from-config Mood=from-config"', '["Size=from-config", "Mood=from-config"]']
)
def test_given_parameters_win_over_configured_ones_and_those_over_the_templates(folder, emulator, tmp_path, configured):
    # given
    (folder / "samconfig.toml").write_text(
        f'version = 0.1\n[local.deploy.parameters]\nparameter_overrides = {configured}\ns3_bucket = "some-bucket"'
    )
    project = Project.find(str(folder), ['Mood=a "quoted" word', "Place=x=y"])
    # when
    sam.build(emulator.endpoint_url, emulator.directory, project)
    outputs = sam.deploy(emulator.endpoint_url, emulator.directory, project)
    # then
    assert outputs == {"Size": "from-config", "Mood": 'a "quoted" word', "Place": "x=y"}


def test_configured_parameters_hold_where_none_are_given(folder, emulator, tmp_path):
    (folder / "samconfig.toml").write_text(
        'version = 0.1\n[local.global.parameters]\nstack_name = "configured"\n'
        '[local.deploy.parameters]\nparameter_overrides = "Size=from-config"\n'
    )
    project = Project.find(str(folder))
    sam.build(emulator.endpoint_url, emulator.directory, project)
    outputs = sam.deploy(emulator.endpoint_url, emulator.directory, project)
    assert outputs == {"Size": "from-config", "Mood": "from-template", "Place": "from-template"}

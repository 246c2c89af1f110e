"""The SAM project that is run: its template, the settings it is built and deployed with, and where they come from."""

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqslab.errors import SqslabError

CONFIG_ENVIRONMENT = "local"
_NAMES = ("template.yaml", "template.yml")
BUILT_TEMPLATE = Path(".aws-sam", "build", "template.yaml")

_OVERRIDE = re.compile(r"([A-Za-z0-9]+)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Project:
    """A template and the folder it lies in, in which `sam build` and `sam deploy` run.

    Args:
        template: the template's path, absolute.
        overrides: parameters of the template as `NAME=VALUE`. They win over those of samconfig.toml.
    """

    template: Path
    overrides: tuple[str, ...] = ()

    @classmethod
    def find(cls, template: str | Path | None = None, overrides: Sequence[str] = ()) -> "Project":
        """Make the project of a command line.

        Args:
            template: the template file, or the folder that has a template.yaml or template.yml; None for the
                folder that this process stands in.
            overrides: parameters as `NAME=VALUE`.

        Raises:
            SqslabError: there is no such file, or an override is not of that form.
        """
        for override in overrides:
            if not _OVERRIDE.fullmatch(override):
                raise SqslabError(f"{override} is not a parameter override. Give it as NAME=VALUE.")
        path = Path(template or ".").resolve()
        candidates = [path / name for name in _NAMES] if path.is_dir() else [path]
        for candidate in candidates:
            if candidate.is_file():
                return cls(candidate, tuple(overrides))
        names = " and no ".join(str(candidate) for candidate in candidates)
        raise SqslabError(f"There is no {names}. Name a SAM template or its folder.")

    @classmethod
    def here(cls, template: str | None = None) -> "Project | None":
        """Make the project of a command that needs none: the one named, else that of this folder, if there is one.

        Raises:
            SqslabError: the one named is not there.
        """
        if template is None and not any(Path(name).is_file() for name in _NAMES):
            return None
        return cls.find(template)

    @property
    def directory(self) -> Path:
        """The folder of the template."""
        return self.template.parent

    @property
    def stack_name(self) -> str:
        """The stack's name on the emulator: samconfig.toml's, else made from the folder's name."""
        return str(self._setting("deploy", "stack_name") or f"{_identifier(self.directory.name)}-local")

    @property
    def bucket(self) -> str | None:
        """The bucket that has to be there for `sam deploy`; None if it makes one itself (resolve_s3)."""
        named = self._setting("deploy", "s3_bucket")
        if named is None and self._setting("deploy", "resolve_s3"):
            return None
        # Nobody can have a bucket of that name on AWS, which reserves the prefix:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        return str(named or f"amzn-s3-demo-{self.stack_name.lower()}"[:63].rstrip("-"))

    def build_options(self, directory: Path) -> list[str]:
        """Give the options of `sam build`.

        Args:
            directory: an existing folder for a samconfig.toml, made if the project has none for the emulator.
        """
        return [
            *("--template-file", str(self.template), "--build-dir", str(BUILT_TEMPLATE.parent)),
            *self._config_options(directory),
            *self._override_options("build"),
        ]

    def deploy_options(self, directory: Path, region: str) -> list[str]:
        """Give the options of `sam deploy`.

        Args:
            directory: as for `build_options`.
            region: where our own clients will look for the stack.
        """
        bucket = [] if self.bucket is None else ["--s3-bucket", self.bucket]
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
        return [
            *("--template-file", str(BUILT_TEMPLATE), "--stack-name", self.stack_name, "--region", region),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
            *bucket,
            *([] if self._setting("deploy", "capabilities") else ["--capabilities", *capabilities]),
            *self._config_options(directory),
            *self._override_options("deploy"),
        ]

    @property
    def deployed_stack_name(self) -> str | None:
        """The name of the stack that `sam deploy` makes of it on AWS, if its samconfig says."""
        found = self._document.get("default")
        name = _setting(found if isinstance(found, dict) else {}, "deploy", "stack_name")
        return None if name is None else str(name)

    @functools.cached_property
    def image_functions(self) -> list[str]:
        """The functions of the template that are container images (PackageType: Image), by their names in it."""
        from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

        try:
            template = yaml_parse(self.template.read_text(encoding="utf-8"))
            ours = template.get("Globals", {}).get("Function", {}).get("PackageType")
            return [
                name
                for name, resource in template["Resources"].items()
                if resource.get("Type") in ("AWS::Serverless::Function", "AWS::Lambda::Function")
                and resource.get("Properties", {}).get("PackageType", ours) == "Image"
            ]
        except Exception:  # of many kinds
            return []  # what is wrong with the template, `sam build` says better

    @property
    def _config_file(self) -> Path:
        """The samconfig file: samconfig.toml, .yaml or .yml, whichever `sam` takes."""
        from samcli.lib.config.samconfig import SamConfig  # type: ignore[import-untyped] # takes half a second

        return self.directory / str(SamConfig.get_default_file(str(self.directory)))

    @functools.cached_property
    def _document(self) -> dict[str, Any]:
        from samcli.lib.config.exceptions import FileParseException  # type: ignore[import-untyped]
        from samcli.lib.config.file_manager import FILE_MANAGER_MAPPER  # type: ignore[import-untyped]

        file = self._config_file
        try:
            # As plain values: of TOML it gives its own kinds of them.
            return dict(json.loads(json.dumps(FILE_MANAGER_MAPPER[file.suffix].read(file), default=str)))
        except (OSError, ValueError, TypeError, FileParseException) as error:
            raise SqslabError(f"{file} cannot be read: {error}.") from error

    @property
    def _config(self) -> dict[str, Any] | None:
        """What the samconfig file says for the emulator, None if it says nothing."""
        found = self._document.get(CONFIG_ENVIRONMENT)
        return found if isinstance(found, dict) else None

    def _setting(self, command: str, name: str) -> Any:
        return _setting(self._config or {}, command, name)

    def _config_options(self, directory: Path) -> list[str]:
        if self._config is not None:
            # By its path, because `sam` looks for it beside the template, which at deployment is the built one.
            return ["--config-file", str(self._config_file), "--config-env", CONFIG_ENVIRONMENT]
        # Without one, `sam` would take the settings the project has for AWS: a profile, a region, a bucket.
        file = directory / "samconfig.toml"
        settings = [f"[{CONFIG_ENVIRONMENT}.build.parameters]", "cached = true", "parallel = true"]
        file.write_text("\n".join(["version = 0.1", *settings, ""]), encoding="utf-8")
        return ["--config-file", str(file), "--config-env", CONFIG_ENVIRONMENT]

    def _override_options(self, command: str) -> list[str]:
        if not self.overrides:
            return []  # `sam` reads those of samconfig.toml itself
        given = []
        for override in self.overrides:
            name, value = override.split("=", 1)
            quoted = value.replace('"', '\\"')
            given.append(f'{name}="{quoted}"')
        # On its command line `sam` takes them instead of those of samconfig.toml, and the last of two that are equal.
        return ["--parameter-overrides", *_as_list(self._setting(command, "parameter_overrides")), *given]


def _setting(environment: dict[str, Any], command: str, name: str) -> Any:
    for section in (command, "global"):
        value = (environment.get(section) or {}).get("parameters", {}).get(name)
        if value is not None:
            return value
    return None


def _as_list(overrides: Any) -> list[str]:
    match overrides:
        case None:
            return []
        case dict():
            return [f"{name}={json.dumps(str(value))}" for name, value in overrides.items()]
        case list():
            return [str(override) for override in overrides]
        case _:
            return [str(overrides)]


def _identifier(text: str) -> str:
    """Make a stack's name of a folder's: letters, digits and hyphens, with a letter first."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
    return (name if name[:1].isalpha() else f"stack-{name}".rstrip("-"))[:100]

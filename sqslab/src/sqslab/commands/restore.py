"""`sqslab restore`: puts back what a session that was killed has left switched off."""

from __future__ import annotations

import click

from sqslab.deployed.switch import run_restore


@click.command("restore")
def command() -> int:
    """Switch on again what a `poll` or `up` that was killed has left switched off."""
    return run_restore()

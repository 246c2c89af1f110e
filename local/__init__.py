"""Runs the stack on this machine: an emulator of AWS, the deployed stack, and its event source mappings.

`python -m local --help` lists the commands. Nothing here is deployed.
"""

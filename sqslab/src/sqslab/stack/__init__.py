"""A SAM project on this machine: the emulator, `sam build`, `sam deploy`, saved files, logs."""

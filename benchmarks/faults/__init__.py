"""Messages through the emulator while processes are killed and stopped: is anything lost?"""

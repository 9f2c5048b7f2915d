"""Runs a command with one stream, or all, on a pseudo terminal: python3 terminal.py stderr|all COMMAND...

Writes what the terminal saw to standard output, and in front of it, when the other streams are pipes, nothing of them.
Exits as the command does.
"""
import os
import pty
import subprocess
import sys

where, command = sys.argv[1], sys.argv[2:]
primary, secondary = pty.openpty()
others = secondary if where == 'all' else subprocess.DEVNULL
child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=others, stderr=secondary, start_new_session=True)
os.close(secondary)
try:
    while chunk := os.read(primary, 65536):
        sys.stdout.buffer.write(chunk)
except OSError:  # Linux says that a terminal has ended by EIO
    pass
sys.exit(child.wait())

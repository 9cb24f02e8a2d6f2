"""Runs a program on a terminal of its own: what comes on standard input is typed, what it shows goes to standard output.

Events are lines of JSON on descriptor 3: {"pid"}, then {"status", "signal", "restored"}; `restored` says whether the terminal's
settings are what they were before.
"""

import fcntl
import json
import os
import pty
import select
import sys
import termios


def tell(**event):
    os.write(3, (json.dumps(event) + "\n").encode())


master, slave = pty.openpty()
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor in (0, 1, 2):
        os.dup2(slave, descriptor)
    os.close(3)
    os.execvp(sys.argv[1], sys.argv[1:])

tell(pid=pid)
typing = [0]
while True:
    ready, _, _ = select.select([master, *typing], [], [], 0.05)
    if master in ready:
        os.write(1, os.read(master, 65536))
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(master, typed)
        else:
            typing = []
    if not ready:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break

tell(
    status=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
    signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
    restored=termios.tcgetattr(slave) == before,
)

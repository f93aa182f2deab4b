"""Becomes a server that cannot outlive its keeper.

Run as a script: `launch.py SIGNAL KEEPER_PID UID GID COMMAND...`; UID and GID of -1 keep the present ones. A script of
its own rather than a `preexec_fn`, because that runs Python between fork and exec of a process that may have threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    death_signal, keeper_pid, uid, gid = (int(word) for word in sys.argv[1:5])
    command = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid: a change of credentials clears the setting.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != keeper_pid:
        sys.exit("the keeper is gone")
    os.execv(command[0], command)  # noqa: S606 -- becoming the server is what this program is for


if __name__ == "__main__":
    main()

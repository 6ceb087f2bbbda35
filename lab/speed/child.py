"""Run as a program with a command behind it: prints the seconds and the peak memory of that as JSON.

A process of its own, because Linux counts the memory of whoever starts a process as that process's own peak.
"""

import json
import os
import subprocess
import sys
import time

KIB = 1 if sys.platform == "darwin" else 1024  # bytes in the system's unit of memory


def main() -> int:
    """Exit code of the command; its own words go to standard error."""
    started = time.perf_counter()
    child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_bytes": usage.ru_maxrss * KIB}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())

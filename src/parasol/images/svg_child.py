"""Run as a program: SVG on standard input -> PNG on standard output, under limits of time and memory.

Arguments: the longer side in px, the limit in CPU seconds. Exit code 1 and a line on standard error: resvg refused.
"""

import sys

GIGABYTE = 1 << 30


def limit(seconds: int) -> None:
    """Let the system end this process rather than let a drawing take the machine."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (GIGABYTE, GIGABYTE))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(size: int, seconds: int) -> None:
    """Draw standard input, and nothing beside it."""
    import resvg_py

    limit(seconds)
    try:
        drawing = sys.stdin.buffer.read().decode("utf-8-sig")
        # Fonts are looked for only where there are words: it takes longer than the drawing.
        png = resvg_py.svg_to_bytes(drawing, width=size, height=size, skip_system_fonts="<text" not in drawing)
    except ValueError as error:
        sys.exit(" ".join(str(error).split()))
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

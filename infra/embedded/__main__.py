"""`python -m infra.embedded stop|remove DATA_DIR`: for `make stop` and `make clean`."""

import sys

from infra.embedded.servers import remove, stop


def main() -> None:
    """Stops the servers of a data directory; `remove` also removes what they kept."""
    match sys.argv[1:]:
        case ["stop", data_dir]:
            print("stopped" if stop(data_dir) else f"nothing is running in {data_dir}")
        case ["remove", data_dir]:
            remove(data_dir)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()

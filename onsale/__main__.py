"""`python -m onsale`: the same as the command `onsale`."""

from onsale.cli import main

if __name__ == "__main__":
    main()

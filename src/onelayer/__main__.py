"""Let ``python -m onelayer`` do what ``onelayer`` does."""

from onelayer.cli import main

if __name__ == "__main__":
    main()

"""`python -m dnn` is the command `dnn`."""

from dnn.cli import main

if __name__ == "__main__":
    main()

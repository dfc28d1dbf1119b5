"""`python -m botbench` is the command `botbench`."""

from botbench.commands.main import main

if __name__ == "__main__":
    main()

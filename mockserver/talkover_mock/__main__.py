"""`python -m talkover_mock` is the command `talkover-mock`."""

from talkover_mock.cli import main

if __name__ == "__main__":
    main(prog_name="talkover-mock")

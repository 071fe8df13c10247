"""`python -m ostiary.users.password_judge`: how hard a password is to guess, of the five steps of zxcvbn.

A process of its own, as the word lists take twelve megabytes that no server should keep.
"""

import json
import sys

from zxcvbn import zxcvbn


def main() -> None:
    # On standard input, since whoever is on the machine can read the arguments of a process.
    asked = json.load(sys.stdin.buffer)
    sys.stdout.write(str(zxcvbn(asked["password"], user_inputs=asked["mine"])["score"]))


if __name__ == "__main__":
    main()

"""``python -m lambdaframe.cli`` is the command ``lambdaframe``."""

from lambdaframe.cli import main

if __name__ == "__main__":
    main()

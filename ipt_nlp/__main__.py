"""``python -m ipt_nlp``."""

from ipt_nlp.cli import main

main()

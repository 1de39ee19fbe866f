"""How long something that comes once more is the same press of a button, not a second wish."""

from datetime import timedelta

AGAIN = timedelta(minutes=2)  # words: nobody says the same twice in a row
AT_ONCE = timedelta(seconds=15)  # things that somebody may well want two of, a little later

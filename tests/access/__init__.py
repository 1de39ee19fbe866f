"""Who may open and do what, over the whole portal: every address, every method, every role.

``tables/*.txt`` say what should be answered, one line per address and method and one column per
role (``people.py``); ``portal.py`` is the world in which they are asked, with a second one just
like it that belongs to strangers.
"""

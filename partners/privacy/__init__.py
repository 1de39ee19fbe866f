"""What the portal holds about people and firms: told, handed out, erased, kept no longer.

Each room declares its own tables (``<room>/privacy.py``); the pages, the exports, the erasure and
the retention of this package are made from these declarations.
"""

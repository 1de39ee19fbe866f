"""From a file of Partner Center to what it says: bytes, table, columns, cells, rows, figures.

No database and no clock. ``parsing.read`` reads a file, ``originals`` keeps it as columns, and
``folding`` puts several together in their order.
"""

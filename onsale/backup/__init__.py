"""`onsale backup` and `onsale restore`: an older database, and the log that goes on from there.

The backup has the stock as of its moment; what was decided since stands in the log of commands, which allocators decide
once more from the restored cursor on. `commands.py` is what the command line calls, `earlier.py` reads when everything
was decided the first time, and `history.py` begins the new history that tells every reader to load anew.
"""

"""What people look at: plain pages, style and small modules, served as they lie here, with nothing built in between.

Every page asks only its own origin, runs only scripts of its own, and gets everything it shows from the public
interface that anybody may use. The page of the waiting room is rendered by that room from `room/room.html`.
"""

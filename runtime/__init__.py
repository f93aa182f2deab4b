"""How any room lives as a process: settings, logs, clients of the three servers, health, orderly stop.

Nothing in here knows a word of ticketing; a room brings its words, this brings the process around them.
"""

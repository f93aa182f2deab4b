"""Hours in minutes: every room under half of what it can bear, while others of its kind are killed.

Each room runs twice. One of the two is killed now and then, at random, and started again at once, as `onsale up` does;
the other one is left alone and takes over meanwhile. Memory is judged of the one that lives: a process that is started
again begins anew, and a slope over several short lives says nothing about any of them.

The load is made not to grow: each minute new shows go on sale and those of the minute before are closed. What a room
keeps of them must go again. Caches that are bounded by what they hold are given bounds that they reach before anything
is judged; else their filling would look like a leak.
"""

"""Who may work with a sale: people with a password, and the sessions that they open with it.

The promises: no password is kept, only what argon2 makes of it; whoever guesses is stopped after a few tries, in all
processes together, and stops nobody else by it; a session ends when it is signed out of, when its person is shut out
or has a new password, and after half a day at the latest; nothing is changed by a request that another site made.
"""

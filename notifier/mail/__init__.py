"""Letters to those whom bookings are for: confirmed, changed, cancelled, and the way back to a booking once more.

What is to be written is taken from the log of outcomes with what is to be done about money, and never forgotten. Mail
has no idempotency key: a process that dies between sending and noting it lets the letter be sent again, under the same
Message-ID. An address stands nowhere but in the one table of contacts, and is read when the letter is sent.
"""

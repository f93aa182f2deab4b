"""What is told to those who call with an API key: an event for each of their outcomes, in a table that their feed is
read from, and sent to their webhooks (Standard Webhooks). No event is missed; one may be sent twice, with one id."""

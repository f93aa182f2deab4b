"""The pages in a real browser: `make browser`. The stories are no part of `make test`; they need Chromium."""

"""Tokens of the admin API: what they look like, and the file that knows them."""

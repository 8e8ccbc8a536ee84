"""Servers of language models that speak OpenAI's chat completions: requests, replies, prices."""

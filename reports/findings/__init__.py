"""What the rows of a run say, in sentences. No picture and no page is known here.

Functions `state_…` return findings, functions `describe_…` return text.
"""

"""Trainings of networks that code texts by a codebook, on what people coded."""

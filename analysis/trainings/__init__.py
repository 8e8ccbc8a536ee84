"""What trainings do beyond the networks themselves."""

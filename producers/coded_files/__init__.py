"""Files in which a sample is coded elsewhere: CSV and Label Studio's JSON."""

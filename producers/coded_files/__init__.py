"""Files in which a sample is coded elsewhere: CSV, Label Studio's JSON and doccano's JSONL."""

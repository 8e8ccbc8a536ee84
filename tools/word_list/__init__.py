"""The generator of the word list of the Text API (`textapi.text.word_list`)."""

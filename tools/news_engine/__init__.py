"""The training of the polarity engine `news` (`textapi.engine.news`), whose weights ship."""

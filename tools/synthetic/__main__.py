"""Write the synthetic texts to where they ship from."""

from __future__ import annotations

from sources import synthetic
from tools.synthetic.archive import write_archive
from tools.synthetic.posts import write_posts

write_archive(synthetic.ARCHIVE)
write_posts(synthetic.POSTS)

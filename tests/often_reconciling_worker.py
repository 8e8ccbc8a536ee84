"""A Celery worker that reconciles at another interval, its first argument in seconds."""

from __future__ import annotations

import sys

import celery.__main__

import workers.celery

if __name__ == "__main__":
    workers.celery.RECONCILE_SECONDS = float(sys.argv.pop(1))
    celery.__main__.main()

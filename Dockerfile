# Four images from one file:
#   worker    text jobs, migrations, Flower
#   reporter  worker, and what figures, exports, training and the command line need besides
#   server    the Text API and its language engine, no other package of the project
#   pooler    PgBouncer, for many machines
# Everything installed is checked against the hashes in requirements.lock.

FROM python:3.13-slim AS base
ENV PATH=/opt/tidings/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp TIDINGS_HOME=/tmp/tidings TIDINGS_LOG_FORMAT=json
RUN groupadd --gid 1000 tidings && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /tmp tidings


# Every locked wheel; no image is built from this stage.
FROM base AS wheels
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock ./
RUN pip download --quiet --no-deps --require-hashes --requirement requirements.lock --dest /wheels


# An environment holds no pip: another pip installs into it, from the locked wheels alone.
FROM wheels AS worker-environment
COPY pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
  | grep -v -e matplotlib -e pillow -e pyarrow -e wordcloud > needed.txt \
 && python -m venv --without-pip /opt/tidings \
 && pip --python /opt/tidings install --quiet --no-index --find-links /wheels --requirement needed.txt
COPY . ./
RUN python -m venv /hatch \
 && /hatch/bin/pip install --quiet --no-index --find-links /wheels hatchling \
 && /hatch/bin/pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir /own . \
 && pip --python /opt/tidings install --quiet --no-index --no-deps /own/*.whl


FROM wheels AS server-environment
COPY pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['server'], sep='\n')" > needed.txt \
 && python -m venv --without-pip /opt/tidings \
 && pip --python /opt/tidings install --quiet --no-index --find-links /wheels --requirement needed.txt \
    aiohttp prometheus-client pydantic pydantic-settings redis structlog


FROM base AS pooler
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends pgbouncer \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
USER tidings
EXPOSE 6432
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=6 \
  CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 6432), 4)"]
CMD ["pgbouncer", "/etc/pgbouncer.ini"]


FROM base AS server
COPY --from=server-environment /opt/tidings /opt/tidings
WORKDIR /srv
COPY core core
COPY textapi textapi
USER tidings
EXPOSE 8765
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8765/ready', timeout=4)"]
CMD ["python", "-m", "textapi.server", "--host", "0.0.0.0", "--port", "8765"]


FROM base AS worker
# On SIGTERM a worker releases its job and ends within seconds, not after the whole task.
ENV REMAP_SIGTERM=SIGQUIT TIDINGS_ALIVE_FILE=/tmp/alive
COPY --from=worker-environment /opt/tidings /opt/tidings
WORKDIR /srv
USER tidings
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-IS", "-c", "import os, sys, time; sys.exit(time.time() - os.stat('/tmp/alive').st_mtime > 30)"]
CMD ["celery", "-A", "workers", "worker", "--queues", "text", "--without-mingle", "--without-gossip"]


FROM worker AS reporter
USER root
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends fonts-noto-core fonts-noto-cjk libfribidi0 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
RUN --mount=from=worker-environment,source=/wheels,target=/wheels --mount=from=worker-environment,source=/own,target=/own \
    pip --python /opt/tidings install --quiet --no-cache-dir --no-index --find-links /wheels "$(echo /own/*.whl)[digits,warc]"
USER tidings

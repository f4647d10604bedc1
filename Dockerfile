# syntax=docker/dockerfile:1
# Two stages: the first installs, the second has neither pip's cache nor the sources, and does not run as root.

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# For the part that is compiled (hatch_build.py); the second stage has no compiler.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/parley
WORKDIR /src
# Before the sources, so that a change of ours does not download everything again.
COPY requirements.lock ./
RUN /opt/parley/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY analysis analysis
COPY storage storage
COPY bot bot
RUN /opt/parley/bin/pip install --no-deps .

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="Parley" \
      org.opencontainers.image.description="Model evaluations in the Slack conversation" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    PARLEY_HOME=/var/lib/parley \
    PARLEY_HOST=0.0.0.0
RUN useradd --system --uid 10001 --home-dir /var/lib/parley --create-home --shell /usr/sbin/nologin parley
COPY --from=build /opt/parley /opt/parley
USER parley
# `parley` looks for a .env where it starts; the home is the operator's place for it.
WORKDIR /var/lib/parley
VOLUME /var/lib/parley
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('PARLEY_PORT', '8000') + '/health', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["parley"]
CMD ["serve"]

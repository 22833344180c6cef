# The proxy in an image: built in one stage, run in another that holds neither sources nor a compiler.
#
#   docker build -t headroom .
#   docker run -p 127.0.0.1:8787:8787 -e HEADROOM_TOKEN=... headroom

FROM python:3.13-slim AS build
# What is copied, .dockerignore says.
WORKDIR /src
COPY . .
RUN python -m venv /opt/headroom && /opt/headroom/bin/pip install --no-cache-dir '.[proxy,code,redis]'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/headroom --create-home headroom
COPY --from=build /opt/headroom /opt/headroom
# Others reach the address of a container, so the proxy asks for a token: it does not start without HEADROOM_TOKEN.
ENV PATH=/opt/headroom/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HEADROOM_HOST=0.0.0.0 \
    HEADROOM_PORT=8787 \
    HEADROOM_WORKSPACE_DIR=/var/lib/headroom/workspace
USER 10001
EXPOSE 8787
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['HEADROOM_PORT'] + '/readyz', timeout=2)"]
ENTRYPOINT ["headroom"]
CMD ["proxy"]

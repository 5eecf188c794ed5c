# The server as an image: `docker compose up`, or docs/api.md. Models and index live in volumes; the
# image holds neither articles nor weights.

FROM python:3.11-slim-bookworm AS build
# PyPI's torch for Linux brings gigabytes of CUDA; this index has the same version without.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/qa
WORKDIR /src
COPY constraints.txt ./
RUN /opt/qa/bin/pip install --constraint constraints.txt --extra-index-url "$TORCH_INDEX" torch
COPY pyproject.toml README.md LICENSE ./
COPY qa qa
# What is only for compiling against torch or for testing it is a quarter of its size.
RUN /opt/qa/bin/pip install --constraint constraints.txt '.[openai,anthropic,otel,postgres]' \
    && rm -rf /opt/qa/lib/python3.11/site-packages/torch/include \
        /opt/qa/lib/python3.11/site-packages/torch/test \
        /opt/qa/lib/python3.11/site-packages/torch/bin/protoc*

FROM python:3.11-slim-bookworm
# llama.cpp's threads
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /tmp qa \
    && install --directory --owner=qa /data/index /data/models /data/conversations
COPY --from=build /opt/qa /opt/qa
ENV PATH=/opt/qa/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    QA_HOST=0.0.0.0 \
    QA_INDEX=/data/index \
    QA_MODELS_DIR=/data/models \
    QA_CONVERSATIONS=/data/conversations/conversations.sqlite \
    QA_CORPUS=/corpus \
    QA_LOG_FORMAT=json
USER 10001
WORKDIR /tmp
VOLUME ["/data/index", "/data/models", "/data/conversations"]
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=3m \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["qa"]
CMD ["serve"]
